import { spawnSync } from "node:child_process";
import { mkdir, rm } from "node:fs/promises";
import { expect } from "vitest";
import { describeTree } from "../tree.ts";
import type { BreakoutCase } from "./cases.ts";

/** Archives that GNU tar has another opinion of, or none: it makes neither a file of an empty name nor the root anew. */
const ITS_OWN_WAY: ReadonlySet<string> = new Set(["empty name in PAX", "empty name", "a dot as a file", "the root", "nothing", "a sparse file of 4 PiB"]);

/**
 * Compares what an unpacker made of an archive with what GNU tar makes of it, whose word on odd archives is the nearest to a standard. Only
 * for archives of which somebody has seen that nothing in them leads outside.
 * @param reference a path that may be used
 */
export async function expectAsGnuTar({ name, tar }: BreakoutCase, directory: string, reference: string, before?: (reference: string) => void): Promise<void> {
  if (ITS_OWN_WAY.has(name)) return;
  await mkdir(reference);
  before?.(reference);
  const args = ["--extract", "--file=-", `--directory=${reference}`, "--absolute-names", "--numeric-owner", "--same-owner", "--same-permissions"];
  const { status, stderr } = spawnSync("tar", args, { input: tar, env: { PATH: process.env["PATH"], LC_ALL: "C" }, stdio: ["pipe", "ignore", "pipe"] });
  expect.soft(status, `${name}: ${stderr.toString()}`).toBe(0);
  expect.soft(treeOf(directory), name).toEqual(treeOf(reference));
  await rm(reference, { recursive: true });
}

/** Names, kinds, owners, modes, targets and content of what is in a directory, without times and attributes. */
function treeOf(directory: string): readonly string[] {
  const lines = describeTree(directory, { ignoreTimesOf: () => true }).filter((line) => !line.startsWith('"" '));
  return lines.map((line) => line.replace(/ (?:user|security|trusted|system)\.[^ ]*=[0-9a-f]*/g, ""));
}
