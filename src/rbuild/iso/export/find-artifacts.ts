import { lstat, opendir } from "node:fs/promises";
import { join, posix } from "node:path";
import { RbuildError } from "../../../system/index.ts";
import { RESERVED_NAMES } from "./finish-export.ts";

/** Most files of an output directory that are looked at. */
const MAX_FILES = 100_000;
const MAX_DEPTH = 32;

/** A regular file below the build's output directory. */
export interface FoundFile {
  /** Relative, with `/`. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
}

/** Every regular file below `directory`, in byte order of its path. Links are neither followed nor listed, nor is anything else. */
export async function listFiles(directory: string): Promise<FoundFile[]> {
  const files: FoundFile[] = [];
  const pending = [""];
  for (let below = pending.pop(); below !== undefined; below = pending.pop()) {
    for await (const entry of await opendir(join(directory, below))) {
      const path = below === "" ? entry.name : `${below}/${entry.name}`;
      if (entry.isDirectory() && path.split("/").length < MAX_DEPTH) pending.push(path);
      if (!entry.isFile()) continue;
      files.push({ path, size: (await lstat(join(directory, path))).size });
      if (files.length > MAX_FILES)
        throw new RbuildError("iso.too-many-files", `the build left over ${MAX_FILES} files in its output directory`, {
          hint: "write only what is to be exported to $RBUILD_OUTPUT, the rest to $RBUILD_SCRATCH",
        });
    }
  }
  return files.sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
}

/**
 * The files that the patterns name. Every pattern must match something.
 * @throws RbuildError `iso.no-artifacts`, `iso.artifact-name`
 */
export function matchArtifacts(files: readonly FoundFile[], patterns: readonly string[]): FoundFile[] {
  const idle = patterns.filter((pattern) => !files.some(({ path }) => posix.matchesGlob(path, pattern)));
  if (idle.length > 0) {
    const there = files.slice(0, 20).map(({ path }) => path);
    throw new RbuildError(
      "iso.no-artifacts",
      `the build made no file that matches ${idle.join(" or ")}; it made ${there.length > 0 ? there.join(", ") : "none"}`,
      {
        hint: "let the target write to $RBUILD_OUTPUT, or change artifacts: in rbuild.yaml",
        details: { patterns: idle, files: there },
      },
    );
  }
  const found = files.filter(({ path }) => patterns.some((pattern) => posix.matchesGlob(path, pattern)));
  for (const { path } of found) checkName(path);
  return found;
}

function checkName(path: string): void {
  // oxlint-disable-next-line no-control-regex
  const why = RESERVED_NAMES.includes(path)
    ? "rbuild writes a file of that name itself"
    : /[\u0000-\u001f\u007f\\]/.test(path)
      ? "it has control characters or backslashes"
      : undefined;
  if (why === undefined) return;
  throw new RbuildError("iso.artifact-name", `the artifact ${JSON.stringify(path)} cannot be exported: ${why}`, {
    category: "invalid",
    hint: "give it another name in the tree's Makefile",
    details: { path },
  });
}
