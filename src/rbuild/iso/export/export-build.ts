import { chmod, mkdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { withStep } from "../../../make-runner/index.ts";
import { isSystemError, RbuildError } from "../../../system/index.ts";
import type { RbuildReport } from "../../events.ts";
import type { Artifact } from "../iso.ts";
import { noSpaceLeft } from "../preflight/free-space.ts";
import { listFiles, matchArtifacts } from "./find-artifacts.ts";
import { CHECKSUMS_FILE, decideExport, FAILED_LOG_FILE, finishExport, LOG_FILE, MANIFEST_FILE } from "./finish-export.ts";
import { fileMode, type Owner } from "./owner.ts";
import { type InstalledPackage, parsePackages } from "./packages.ts";
import { checksumsText, type StagedArtifact, stageFile } from "./stage-artifacts.ts";

const MAX_PACKAGE_LIST_BYTES = 16 * 2 ** 20;

/** What is made ready beside the output, in the same file system. */
export interface Staging {
  /** `<output>/.rbuild-<build id>`. */
  readonly directory: string;
  /** Behind the container's /output. */
  readonly artifacts: string;
  readonly logPath: string;
}

export async function makeStaging(output: string, buildId: string): Promise<Staging> {
  const directory = join(output, `.rbuild-${buildId}`);
  const staging = { directory, artifacts: join(directory, "output"), logPath: join(directory, LOG_FILE) };
  await mkdir(directory, { mode: 0o700 });
  await mkdir(staging.artifacts);
  // The umask of the caller is not the build's business.
  await chmod(staging.artifacts, 0o755);
  return staging;
}

export interface ExportPlan {
  readonly staging: Staging;
  readonly output: string;
  readonly owner: Owner;
  readonly patterns: readonly string[];
  /** Text of the manifest, from what was found. */
  readonly manifest: (found: {
    readonly artifacts: readonly StagedArtifact[];
    readonly log: StagedArtifact;
    readonly systemPackages: readonly InstalledPackage[];
  }) => string;
  readonly signal?: AbortSignal;
}

/**
 * Brings the artifacts, checksums, log and manifest of a finished build to the output: all of them, or after a failure or
 * a kill none. The container must be gone.
 * @throws RbuildError `iso.no-artifacts`, `iso.artifact-name`, `iso.no-space`
 */
export async function exportBuild({ staging, output, owner, patterns, manifest, signal }: ExportPlan, report: RbuildReport): Promise<readonly Artifact[]> {
  return await withStep(report, { name: "artifact.export" }, async (step) => {
    const found = matchArtifacts(await listFiles(staging.artifacts), patterns);
    const total = found.reduce((sum, { size }) => sum + size, 0);
    let done = 0;
    const onBytes = (bytes: number) => step.progress((done += bytes), "bytes", total);
    const how = { owner, mode: fileMode(), ...(signal ? { signal } : {}) };
    const artifacts: StagedArtifact[] = [];
    for (const file of found) artifacts.push(await stageFile(staging.artifacts, file, { ...how, onBytes }));
    const log = await stageFile(staging.directory, { path: LOG_FILE }, how);
    const systemPackages = await readPackageLists(staging.artifacts, artifacts);
    await orNoSpace(output, async () => {
      const texts = { [CHECKSUMS_FILE]: checksumsText(artifacts), [MANIFEST_FILE]: manifest({ artifacts, log, systemPackages }) };
      for (const [name, text] of Object.entries(texts)) {
        await writeFile(join(staging.directory, name), text, { flag: "wx" });
        await stageFile(staging.directory, { path: name }, how);
      }
      const moves = artifacts.map(({ path }) => ({ from: `output/${path}`, to: path }));
      const own = [LOG_FILE, CHECKSUMS_FILE, MANIFEST_FILE].map((name) => ({ from: name, to: name }));
      signal?.throwIfAborted();
      await decideExport(staging.directory, { output, moves: [...moves, ...own], owner });
      await finishExport(staging.directory);
    });
    const exported = artifacts.map(({ path, size, digest }) => ({ path: join(output, path), size, digest }));
    for (const artifact of exported) report({ kind: "artifact.exported", ...artifact });
    return exported;
  });
}

/** Leaves the log of a build that failed in the output. @returns its path, or undefined when there is none to leave */
export async function exportFailedLog(staging: Staging, output: string, owner: Owner): Promise<string | undefined> {
  const path = join(output, FAILED_LOG_FILE);
  try {
    if ((await stat(staging.logPath)).size === 0) return undefined;
    await stageFile(staging.directory, { path: LOG_FILE }, { owner, mode: fileMode() });
    await rename(staging.logPath, path);
    return path;
  } catch (error) {
    if (isSystemError(error)) return undefined;
    throw error;
  }
}

/** The packages of the built system, from the lists among its artifacts. */
async function readPackageLists(directory: string, artifacts: readonly StagedArtifact[]): Promise<InstalledPackage[]> {
  const lists = artifacts.filter(({ path, size }) => path.endsWith(".packages") && size <= MAX_PACKAGE_LIST_BYTES);
  const texts = await Promise.all(lists.map(({ path }) => readFile(join(directory, path), "utf8")));
  return parsePackages(texts.join("\n"));
}

async function orNoSpace(output: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (isSystemError(error, "ENOSPC", "EDQUOT")) throw noSpaceLeft(output, error);
    if (!isSystemError(error, "EISDIR", "ENOTEMPTY", "ENOTDIR", "EEXIST")) throw error;
    throw new RbuildError("iso.output-in-the-way", `something in ${output} stands where an artifact must go: ${error.message}`, {
      category: "conflict",
      hint: `move it away, or rbuild iso --output DIRECTORY`,
      cause: error,
      details: { output },
    });
  }
}
