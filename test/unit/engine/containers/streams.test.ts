import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { OutputQueue } from "../../../../src/engine/containers/attach/output-queue.ts";
import { InProcessEventHub } from "../../../../src/engine/event-hub.ts";

const chunk = (text: string) => ({ stream: "stdout" as const, data: Buffer.from(text) });
const big = () => ({ stream: "stdout" as const, data: Buffer.alloc(600 * 1024) });

test("holds the source back when the reader is slow, and lets it go on", async () => {
  let drained = 0;
  const queue = new OutputQueue(() => drained++);
  expect([queue.push(big()), queue.push(big())]).toEqual([true, false]);
  const reader = queue[Symbol.asyncIterator]();
  await reader.next();
  expect(drained).toBe(1);
  queue.end();
  expect((await reader.next()).done).toBe(false);
  expect((await reader.next()).done).toBe(true);
});

test("ends with its error after what was there, and drops nothing before", async () => {
  const queue = new OutputQueue(() => undefined);
  queue.push(chunk("a"));
  queue.end(new Error("broken"));
  const reader = queue[Symbol.asyncIterator]();
  expect(Buffer.from((await reader.next()).value?.data ?? []).toString()).toBe("a");
  await expect(reader.next()).rejects.toThrow("broken");
});

test("a reader that leaves lets the source run dry", async () => {
  let drained = 0;
  const queue = new OutputQueue(() => drained++);
  queue.push(big());
  for await (const _ of queue) break;
  expect({ drained, more: queue.push(big()) }).toEqual({ drained: 1, more: true });
});

test("tells events in their order with rising times, until the signal", async () => {
  const hub = new InProcessEventHub({ now: () => new Date(1000) });
  const stop = new AbortController();
  const events = hub.subscribe(stop.signal);
  for (const action of ["create", "start", "die"]) hub.publish({ kind: "container", action, id: "x", attributes: {} });
  const seen: { action: string; timeNano: bigint }[] = [];
  const reading = (async () => {
    for await (const { action, timeNano } of events) seen.push({ action, timeNano });
  })();
  await sleep(1);
  stop.abort();
  await reading;
  expect(seen.map(({ action }) => action)).toEqual(["create", "start", "die"]);
  expect(seen.every(({ timeNano }, index) => index === 0 || timeNano > (seen[index - 1]?.timeNano ?? 0n))).toBe(true);
  hub.publish({ kind: "container", action: "late", id: "x", attributes: {} });
  expect(seen.length).toBe(3);
});
