import { existsSync, lstatSync, readdirSync, type Stats } from "node:fs";
import { dirname, join } from "node:path";

/**
 * The tree that a command works in: the directory it was started in, or the nearest one above that has `rbuild.yaml`, a definition
 * `images/NAME/image.yaml`, or `keys/root`. As Git does, it looks no higher than the top of the work tree, which has `.git`; without one it does not look
 * up at all. It crosses no mount, and enters no directory, and believes no `.git`, that belongs to somebody else than where it began:
 * who may write above a tree must not choose what is built in it. Nothing found: where it began.
 */
export function currentTree(start: string = process.cwd()): string {
  const began = look(start);
  if (!began) return start;
  let nearest: string | undefined;
  for (let directory = start; ; directory = dirname(directory)) {
    const found = look(directory);
    if (found?.dev !== began.dev || found.uid !== began.uid) return start;
    if (isTree(directory)) nearest ??= directory;
    const git = look(join(directory, ".git"));
    if (git) return git.uid === began.uid ? (nearest ?? start) : start;
    if (nearest === start || directory === dirname(directory)) return start;
  }
}

function isTree(directory: string): boolean {
  if (existsSync(join(directory, "rbuild.yaml")) || existsSync(join(directory, "keys", "root"))) return true;
  const images = join(directory, "images");
  try {
    return readdirSync(images).some((name) => existsSync(join(images, name, "image.yaml")));
  } catch {
    return false;
  }
}

function look(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch {
    return undefined;
  }
}
