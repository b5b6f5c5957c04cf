import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { watchRate } from "../../../../src/rbuild/pool/download.ts";

const LIMITS = { minimumRate: 1000, window: 100 };

test("a server is not called slow for the time in which this process was stopped, and is when it gives nothing", async () => {
  const reasons: string[] = [];
  using _watch = watchRate(
    () => 0,
    LIMITS,
    (reason) => reasons.push(reason),
  );
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3 * LIMITS.window);
  await sleep(1);
  expect(reasons).toEqual([]);
  await expect.poll(() => reasons[0]).toBe("it gives 0 bytes a second, less than 1000");
});

test("one that gives enough is never called slow", async () => {
  let received = 0;
  const giving = setInterval(() => (received += 10_000), 5);
  const reasons: string[] = [];
  using _watch = watchRate(
    () => received,
    LIMITS,
    (reason) => reasons.push(reason),
  );
  await sleep(5 * LIMITS.window);
  clearInterval(giving);
  expect(reasons).toEqual([]);
});
