import { randomBytes } from "node:crypto";
import { getEventListeners } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import type { Engine, LogEntry } from "../../../../src/engine/index.ts";
import { collect, IMAGE, openTestEngine, startIdle } from "../../../support/engine/test-engine.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await openTestEngine();
});
afterAll(() => engine?.[Symbol.asyncDispose]());

async function ran(script: string): Promise<string> {
  const { id } = await engine.containers.create({ image: IMAGE, command: ["sh", "-c", script] });
  await engine.containers.start(id);
  await engine.containers.wait(id);
  return id;
}

test("keeps every byte: no newline at the end, empty lines, long lines, bytes that are no text", async () => {
  const random = randomBytes(60_000)
    .toString("base64")
    .replace(/(.{1,30000})/g, "$1\n");
  const script = `printf 'a\\n\\n\\nb'; printf 'c\\001\\377\\n' ; printf '%s' '${random}'; printf 'end'`;
  const id = await ran(script);
  const { stdout } = await collect(engine.containers.logs(id));
  expect(stdout === `a\n\n\nbc\u0001\u00ff\n${random}end`).toBe(true);
});

test("selects streams, the last lines and times", async () => {
  const id = await ran("for i in 1 2 3 4 5; do echo line $i; done; echo err >&2; sleep 1.1; echo late");
  expect((await collect(engine.containers.logs(id, { stderr: true }))).stderr).toBe("err\n");
  expect((await collect(engine.containers.logs(id, { stdout: true, tail: 2 }))).stdout).toBe("late\n");
  expect((await collect(engine.containers.logs(id, { tail: 3 }))).stdout).toBe("line 5\nlate\n");
  expect((await collect(engine.containers.logs(id, { tail: 0 }))).stdout).toBe("");
  const entries: LogEntry[] = [];
  for await (const entry of engine.containers.logs(id)) entries.push(entry);
  const late = Date.parse(entries.at(-1)?.time ?? "") / 1000;
  expect((await collect(engine.containers.logs(id, { since: late - 0.5 }))).stdout).toBe("late\n");
  expect((await collect(engine.containers.logs(id, { until: late - 0.5 }))).stdout).not.toContain("late");
  expect(entries[0]?.time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
});

test("follows until the end, and stops when told to", async () => {
  const { id } = await engine.containers.create({ image: IMAGE, command: ["sh", "-c", "for i in 1 2 3; do echo $i; sleep 0.1; done; printf rest"] });
  const followed = collect(engine.containers.logs(id, { follow: true }));
  await engine.containers.start(id);
  expect((await followed).stdout).toBe("1\n2\n3\nrest");
  const idle = await startIdle(engine);
  const stopped = collect(engine.containers.logs(idle, { follow: true, signal: AbortSignal.timeout(200) }));
  await expect(stopped).rejects.toMatchObject({ name: "TimeoutError" });
});

test("whoever follows for long is told of the end by one listener", async () => {
  const { id } = await engine.containers.create({ image: IMAGE, command: ["sh", "-c", "for i in $(seq 30); do echo $i; sleep 0.02; done"] });
  const leaving = new AbortController();
  const warnings: Error[] = [];
  const note = (warning: Error) => void warnings.push(warning);
  process.on("warning", note);
  onTestFinished(() => void process.off("warning", note));
  await engine.containers.start(id);
  await collect(engine.containers.logs(id, { follow: true, signal: leaving.signal }));
  expect(getEventListeners(leaving.signal, "abort").length).toBeLessThan(3);
  expect(warnings.filter(({ name }) => name === "MaxListenersExceededWarning")).toEqual([]);
});

test("goes on logging while an attached client does not read", async () => {
  const { id } = await engine.containers.create({ image: IMAGE, command: ["sh", "-c", "yes 0123456789 | head -c 8000000; echo; echo done >&2"] });
  await using streams = await engine.containers.attach(id, { stdin: false, stdout: true, stderr: true });
  await engine.containers.start(id);
  await sleep(500);
  const { stdout, stderr } = await collect(streams.output);
  expect({ size: stdout.length, stderr }).toEqual({ size: 8_000_001, stderr: "done\n" });
  expect((await collect(engine.containers.logs(id))).stdout.length).toBe(8_000_001);
});
