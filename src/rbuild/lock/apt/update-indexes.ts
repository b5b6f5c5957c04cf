import { createReadStream } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { RbuildError } from "../../../system/index.ts";
import type { ArchiveSource } from "../archive/archive-source.ts";
import { MAX_IN_RELEASE_BYTES, verifyInRelease } from "../archive/in-release.ts";
import { aptWords } from "./apt-words.ts";
import type { AptWorkspace } from "./apt-workspace.ts";

/**
 * Brings the indexes up to date; APT checks signatures, dates and sums. When it says no, this program's own check of what the mirror has
 * says why.
 * @param at seconds since 1970
 * @throws RbuildError `mirror.unreachable`, `lock.no-suite`, `lock.index-mismatch`, `lock.apt-failed`, and those of `verifyInRelease` and `workspace.run`
 */
export async function updateIndexes(workspace: AptWorkspace, at: number): Promise<void> {
  if ((await update(workspace)) === undefined) return;
  for (const source of workspace.sources) await checkSuite(workspace, source, at);
  // What the mirror has is good. What APT keeps of an earlier time may be what is not: it never goes back to an older state.
  await workspace.forgetIndexes();
  const said = await update(workspace);
  if (said === undefined) return;
  if (/Hash Sum mismatch|unexpected size|Hashsum/i.test(said)) {
    throw new RbuildError("lock.index-mismatch", `an index of the archive is not the one that its signed InRelease names: ${said}`, {
      category: "untrusted",
      hint: "a mirror that is just being updated mends itself in minutes; otherwise use another: --mirror URL",
    });
  }
  if (/Failed to fetch|Could not (?:connect|resolve)|timed out/i.test(said)) throw unreachable(said);
  throw new RbuildError("lock.apt-failed", `APT could not read the archive: ${said}`, { hint: "rbuild doctor" });
}

/** What APT said when something could not be brought up to date. */
async function update(workspace: AptWorkspace): Promise<string | undefined> {
  const result = await workspace.run("apt-get", ["update", "-q"]);
  return result.exitCode === 0 && !/^W: (?:Failed to fetch|Some index files failed|GPG error)/m.test(result.stderr) ? undefined : aptWords(result);
}

/** What the mirror has for a suite, by way of APT's own downloader, which checks nothing. */
async function checkSuite(workspace: AptWorkspace, { archive, suite, mirror, keyring }: ArchiveSource, at: number): Promise<void> {
  const path = join(workspace.directory, "InRelease");
  await rm(path, { force: true });
  const result = await workspace.run("/usr/lib/apt/apt-helper", ["-o", "Acquire::Retries=0", "download-file", `${mirror.url}/dists/${suite}/InRelease`, path]);
  if (result.exitCode !== 0) {
    const said = aptWords(result);
    if (!/\b(?:404|410)\b/.test(said)) throw unreachable(said);
    throw new RbuildError("lock.no-suite", `the mirror of ${archive} has no signed suite ${suite}: ${said}`, {
      category: "not-found",
      hint: "correct suites: in the definition, or name another mirror: --mirror URL",
      details: { archive, suite },
    });
  }
  // One byte more than is accepted shows that there is more.
  const bytes = await Array.fromAsync(createReadStream(path, { end: MAX_IN_RELEASE_BYTES }) as AsyncIterable<Buffer>);
  await verifyInRelease(Buffer.concat(bytes), keyring, at, { archive, suite });
  await rm(path, { force: true });
}

function unreachable(said: string): RbuildError {
  return new RbuildError("mirror.unreachable", `a mirror could not be reached: ${said}`, {
    category: "unavailable",
    hint: "check the network, or name another mirror: --mirror URL",
  });
}
