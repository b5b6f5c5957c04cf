import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { openEngine } from "../../../../src/engine/index.ts";
import { findMonitor } from "../../../../src/engine/runtime/choose-runtime.ts";
import { collect, IMAGE, openTestEngine, startIdle } from "../../../support/engine/test-engine.ts";
import { scratchDirectory } from "../../../support/scratch.ts";

/** More than a monitor lets wait. */
const CLIENTS = 40;

test("as many clients as come before the start get all of the output", async () => {
  await using engine = await openTestEngine();
  const { id } = await engine.containers.create({ image: IMAGE, openStdin: true, command: ["echo", "hello"] });
  const clients = await Promise.all(Array.from({ length: CLIENTS }, () => engine.containers.attach(id, { stdin: true, stdout: true, stderr: true })));
  await engine.containers.start(id);
  const outputs = await Promise.all(clients.map(async ({ output }) => (await collect(output)).stdout));
  expect(outputs).toEqual(clients.map(() => "hello\n"));
  await engine.containers.remove(id, { force: true });
});

test("a client that only looks on leaves the input open to who gives it", async () => {
  await using engine = await openTestEngine();
  const { id } = await engine.containers.create({ image: IMAGE, openStdin: true, stdinOnce: true, command: ["cat"] });
  await using giver = await engine.containers.attach(id, { stdin: true, stdout: true, stderr: true });
  const watcher = await engine.containers.attach(id, { stdin: false, stdout: true, stderr: true });
  await engine.containers.start(id);
  await giver.stdin?.write(Buffer.from("one\n"));
  for await (const { data } of watcher.output) if (Buffer.from(data).toString().endsWith("\n")) break;
  await watcher[Symbol.asyncDispose]();
  // long enough for the monitor to have seen it
  await sleep(200);
  await giver.stdin?.write(Buffer.from("two\n"));
  await giver.stdin?.end();
  expect((await collect(giver.output)).stdout).toBe("one\ntwo\n");
  await engine.containers.wait(id);
  await engine.containers.remove(id);
});

test("an attachment ends with a run that another process started and nobody saw", async () => {
  await using engine = await openTestEngine();
  await using other = await openEngine({ root: engine.place.root, runRoot: engine.place.runRoot });
  for (let round = 0; round < 4; round++) {
    const { id } = await engine.containers.create({ image: IMAGE, command: ["true"] });
    await using streams = await other.containers.attach(id, { stdin: false, stdout: true, stderr: true });
    await engine.containers.start(id);
    await engine.containers.wait(id);
    expect(await collect(streams.output)).toEqual({ stdout: "", stderr: "" });
    await engine.containers.remove(id);
  }
});

test("no restart policy brings back what was killed: that is known before its end is", async () => {
  await using engine = await openTestEngine();
  const id = await startIdle(engine);
  const leaving = new AbortController();
  const events = engine.events.subscribe(leaving.signal);
  const status = (async () => {
    for await (const { action } of events)
      if (action === "die") return JSON.parse(await readFile(join(engine.place.root, "containers", id, "status.json"), "utf8")) as object;
    return {};
  })();
  await engine.containers.kill(id);
  expect(await status).toMatchObject({ phase: { kind: "exited" }, stoppedByUser: true });
  leaving.abort();
  await engine.containers.remove(id);
});

/** Has engines of this test take a program for conmon. */
async function replaceMonitor(program: string): Promise<void> {
  const directory = await scratchDirectory();
  await writeFile(join(directory, "conmon"), program, { mode: 0o755 });
  const before = process.env["PATH"];
  process.env["PATH"] = `${directory}:${before}`;
  onTestFinished(() => void (process.env["PATH"] = before));
}

test("what the monitor of an earlier start has left is not taken for the new one's", async () => {
  const monitor = findMonitor();
  // tells its number late, as on a busy machine
  await replaceMonitor(`#!/bin/bash
args=("$@")
for i in "\${!args[@]}"; do
  if [ "\${args[i]}" = -P ]; then path="\${args[i+1]}"; args[i+1]="$path.late"; fi
done
( exec 3>&- 4>&-; while [ ! -s "$path.late" ]; do sleep 0.01; done; sleep 0.3; mv "$path.late" "$path" ) &
exec ${monitor} "\${args[@]}"
`);
  await using engine = await openTestEngine();
  const { id } = await engine.containers.create({ image: IMAGE, openStdin: true, stdinOnce: true, command: ["sh", "-c", "cat; exit 3"] });
  for (const round of [1, 2]) {
    await using streams = await engine.containers.attach(id, { stdin: true, stdout: true, stderr: true });
    await engine.containers.start(id);
    const { phase } = JSON.parse(await readFile(join(engine.place.root, "containers", id, "status.json"), "utf8")) as { phase: { monitor?: { pid: number } } };
    const { pid = 0 } = phase.monitor ?? {};
    expect((await readFile(`/proc/${pid}/cmdline`, "latin1")).split("\0")[0], `start ${round}`).toBe(monitor);
    await streams.stdin?.end();
    expect(await engine.containers.wait(id)).toEqual({ kind: "exited", code: 3 });
    // as if memory had run out
    await writeFile(join(engine.place.runRoot, "containers", id, "monitor", "oom"), "");
  }
  await engine.containers.remove(id);
});
