import { createHash } from "node:crypto";
import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readXattrs, writeXattr } from "../../../src/system/index.ts";
import { scratchDirectory } from "../scratch.ts";
import { type BreakoutCase, breakoutCases } from "./cases.ts";

export interface GuardedPlace {
  /** A directory of files that nothing may touch: `file`, `directory/inner`. */
  readonly outside: string;
  /** An empty directory deep below files that nothing may touch either. */
  readonly target: string;
  readonly cases: readonly BreakoutCase[];
  /** Everything outside of the target that changed since the last call, as text; nothing, if all is well. */
  changes(): string[];
}

/** A place to unpack hostile archives in. `target` and what is made beside it by `own` (names) are not watched. */
export async function guardedPlace(options: { readonly own?: readonly string[] } = {}): Promise<GuardedPlace> {
  const top = await scratchDirectory();
  const outside = join(top, "outside");
  mkdirSync(join(outside, "directory"), { recursive: true });
  writeFileSync(join(outside, "file"), "canary\n", { mode: 0o640 });
  writeFileSync(join(outside, "directory/inner"), "canary\n");
  writeXattr(join(outside, "file"), "user.canary", Buffer.from("sings"));
  const target = join(top, "beside/target");
  mkdirSync(target, { recursive: true });
  writeFileSync(join(top, "file"), "above\n");
  writeFileSync(join(top, "beside/file"), "beside\n");
  const unwatched = new Set([target, ...(options.own ?? []).map((name) => join(top, name))]);
  const look = () => new Map([...describe(top, unwatched), ...describeHost()]);
  let before = look();
  const changes = () => {
    const now = look();
    const paths = new Set([...before.keys(), ...now.keys()]);
    const changed = [...paths].filter((path) => before.get(path) !== now.get(path)).map((path) => `${path}: ${before.get(path)} -> ${now.get(path)}`);
    before = now;
    return changed;
  };
  return { outside, target, cases: breakoutCases(outside), changes };
}

/** Owner, mode, time of the last change of anything, attributes and content of each file. */
function describe(path: string, unwatched: ReadonlySet<string>, found = new Map<string, string>()): Map<string, string> {
  const stat = lstatSync(path, { bigint: true });
  const holdsUnwatched = [...unwatched].some((each) => each.startsWith(`${path}/`));
  // What comes and goes in an unwatched directory's parent is seen by its names.
  const times = holdsUnwatched ? "" : stat.ctimeNs;
  const names = stat.isDirectory() ? readdirSync(path).sort() : [];
  const content = stat.isFile() ? createHash("sha256").update(readFileSync(path)).digest("hex") : stat.isSymbolicLink() ? readlinkSync(path) : names.join(" ");
  const xattrs = [...readXattrs(path)].map(([name, value]) => `${name}=${value.toString("hex")}`).sort();
  found.set(path, [stat.mode, stat.uid, stat.gid, stat.nlink, times, content, ...xattrs].join(" "));
  for (const name of names) if (!unwatched.has(join(path, name))) describe(join(path, name), unwatched, found);
  return found;
}

/** The host's own files that an archive would like best, and the names at its top. */
function describeHost(): Map<string, string> {
  const files = ["/etc/passwd", "/etc/shadow", "/etc/group", "/etc/hostname", "/root", "/etc"].map((path) => {
    const stat = lstatSync(path);
    const content = stat.isFile() ? createHash("sha256").update(readFileSync(path)).digest("hex") : "";
    return [path, [stat.mode, stat.uid, stat.gid, content].join(" ")] as const;
  });
  return new Map([...files, ["/", readdirSync("/").sort().join(" ")]]);
}
