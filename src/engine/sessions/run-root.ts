import { createHash } from "node:crypto";
import { mkdirSync, realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { namesIn, pathExists, RbuildError, readFileIfExists, writeFileAtomic } from "../../system/index.ts";
import { viewpoint } from "./viewpoint.ts";

export const DEFAULT_RUN_ROOT = "/run/rbuild";
const MAX_BYTES = 8192;

/** The run root of an engine whose root is not the default one. */
export const runRootOf = (root: string): string => `${DEFAULT_RUN_ROOT}-${createHash("sha256").update(root).digest("hex").slice(0, 8)}`;

/**
 * Namespaces and sockets below a run root belong to one root: two of them would sweep each other's away. It is written down whose it is.
 * @throws RbuildError `engine.run-root-taken`
 */
export async function claimRunRoot(runRoot: string, root: string): Promise<void> {
  mkdirSync(runRoot, { recursive: true, mode: 0o711 });
  const path = join(runRoot, "root");
  const { owner, from } = await ownerOf(runRoot);
  const own = realpathSync.native(root);
  if (owner !== undefined && owner !== own && (await pathExists(join(owner, "engine-id")))) {
    throw new RbuildError("engine.run-root-taken", `the run-time directory ${runRoot} belongs to the engine in ${owner}`, {
      category: "conflict",
      hint: "give each engine a run root of its own",
      details: { runRoot, root, owner },
    });
  }
  if (owner !== own) await writeFileAtomic(path, own, { sync: false });
  if (from !== viewpoint()) await writeFileAtomic(join(runRoot, "viewpoint"), viewpoint(), { sync: false });
}

/** Whose a run root is: the root, and from where that path leads to it. */
export async function ownerOf(runRoot: string): Promise<{ readonly owner: string | undefined; readonly from: string | undefined }> {
  const [owner, from] = await Promise.all(
    ["root", "viewpoint"].map(async (name) => (await readFileIfExists(join(runRoot, name), MAX_BYTES))?.toString("utf8")),
  );
  return { owner, from };
}

/** The run roots that `runRootOf` has given to anybody. */
export async function otherRunRoots(): Promise<readonly string[]> {
  const prefix = `${basename(DEFAULT_RUN_ROOT)}-`;
  const names = await namesIn(dirname(DEFAULT_RUN_ROOT));
  return names.flatMap((name) => (name.startsWith(prefix) && /^[0-9a-f]{8}$/.test(name.slice(prefix.length)) ? join(dirname(DEFAULT_RUN_ROOT), name) : []));
}
