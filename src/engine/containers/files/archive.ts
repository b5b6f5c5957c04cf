import { fstatSync } from "node:fs";
import { posix } from "node:path";
import { O_PATH, type OpenedPath, openInRoot } from "../../../system/kernel/open-in-root.ts";
import type { ContainerId, PathStat } from "../container.ts";
import type { ContainerContext } from "../container-context.ts";
import { type ContainerTree, openContainerTree, openTreePath, orNotFound } from "./container-tree.ts";
import { packTree } from "./pack-tree.ts";
import { statTreePath } from "./stat-path.ts";

/** What the kernel shows in a running container is not its files. */
const KERNEL_FILES = ["./proc/*", "./sys/*", "./dev/*"];

/**
 * `docker cp` out: a tar whose first member is named as the last part of `path`. A link at the path's end is packed as a link, unless the path
 * asks for a directory by ending in `/` or `/.`. The tar must be read to its end or left.
 * @throws RbuildError `container.path-not-found`
 */
export async function archivePath(
  context: ContainerContext,
  id: ContainerId,
  path: string,
): Promise<{ readonly stat: PathStat; readonly tar: AsyncIterable<Uint8Array> }> {
  await using stack = new AsyncDisposableStack();
  const tree = stack.use(await openContainerTree(context, id, path));
  const stat = statTreePath(tree);
  const file = openTreePath(tree);
  stack.use(file);
  const tar = packed(tree, file, stack.move());
  // an iterator that nobody starts never ends: start it, so that leaving it disposes
  const first = tar.next();
  first.catch(() => undefined);
  return { stat, tar: resumed(first, tar) };
}

async function* packed(tree: ContainerTree, file: OpenedPath, stack: AsyncDisposableStack): AsyncGenerator<Uint8Array, void, undefined> {
  await using _open = stack;
  if (fstatSync(file.fd).isDirectory()) {
    const name = posix.basename(tree.path) || "/";
    const rename = `--transform=flags=rSH;s,^\\.,${escapeReplacement(name)},`;
    const skipped = name === "/" ? ["--anchored", ...KERNEL_FILES.map((pattern) => `--exclude=${pattern}`), "--absolute-names"] : [];
    yield* packTree(file, [...skipped, rename, "."]);
    return;
  }
  using parent = orNotFound(tree.path, () => openInRoot(tree.root, posix.dirname(tree.path), O_PATH));
  yield* packTree(parent, ["--null", "--verbatim-files-from", "--files-from=-"], `${posix.basename(tree.path)}\0`);
}

/** The right side of GNU tar's `s,…,…,`. */
const escapeReplacement = (text: string): string => text.replace(/[\\&,\n]/g, "\\$&");

async function* resumed<T>(first: Promise<IteratorResult<T, void>>, rest: AsyncGenerator<T, void, undefined>): AsyncGenerator<T, void, undefined> {
  try {
    const { value, done } = await first;
    if (done) return;
    yield value;
    yield* rest;
  } finally {
    await rest.return();
  }
}
