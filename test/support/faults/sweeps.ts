import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { scratchDirectory } from "../scratch.ts";
import { restoreState, statesOf } from "./each-state.ts";
import { type Call, callsOf, type Fault, runWithFault, someOf } from "./faulty-run.ts";
import type { Work } from "./work.ts";

type MakeWork = (directory: string) => Promise<Work>;

/** A fault at each of the calls of a work, or at a few of them: old or new, and the next time completes it. */
export async function sweepCalls(make: MakeWork, faultAt: (at: Call) => Fault, few: number): Promise<void> {
  const place = await scratchDirectory();
  const work = async () => {
    const directory = join(place, "work");
    await rm(directory, { recursive: true, force: true });
    await mkdir(directory);
    return await make(directory);
  };
  const kind = faultAt({ name: "write", nth: 1 }).kind === "kill" ? "kill" : "error";
  const calls = await callsOf(await work(), kind);
  expect(calls.length).toBeGreaterThan(1);
  const some = someOf(calls, few);
  let [killed, failed] = [0, 0];
  for (const call of some) {
    const what = `call ${calls.indexOf(call) + 1} of ${calls.length}, ${call.name} ${call.nth}`;
    const { verify, isCommand = false, ...subject } = await work();
    const { exitCode, isKilled, stderr } = await runWithFault(subject, faultAt(call));
    // It makes some calls more or fewer each time: the last ones may be missed.
    if (kind === "kill" && calls.indexOf(call) < 0.9 * calls.length) expect(isKilled, `${what}: ${stderr}`).toBe(true);
    if (isCommand && exitCode !== null && exitCode !== 0) expect(stderr).toMatch(/^rbuild: .+ \[[a-z-]+\.[a-z-]+\]$/m);
    killed += Number(isKilled);
    failed += Number(exitCode !== 0 && !isKilled);
    await verify(exitCode === 0);
    const again = await runWithFault(subject, { kind: "none" });
    expect(again.exitCode, `after ${what}: ${again.stderr}`).toBe(0);
    await verify(true);
  }
  console.info(
    `${some.length} of ${calls.length} calls: ${killed} times killed, ${failed} times failed, ${some.length - killed - failed} times done all the same`,
  );
}

/** What SIGKILL before any of its calls leaves is old or new, and the next time completes it. */
export async function sweepStates(make: MakeWork): Promise<void> {
  const place = await scratchDirectory();
  const directory = join(place, "work");
  await mkdir(directory);
  const { verify, isCommand: _isCommand, ...subject } = await make(directory);
  const { calls, copies } = await statesOf(subject, directory, join(place, "states"));
  console.info(`${calls} calls leave ${copies.length} states`);
  expect(copies.length).toBeGreaterThan(1);
  for (const copy of copies) {
    restoreState(copy, directory);
    await verify(false);
    const again = await runWithFault(subject, { kind: "none" });
    expect(again.exitCode, `after ${copy}: ${again.stderr}`).toBe(0);
    await verify(true);
  }
}
