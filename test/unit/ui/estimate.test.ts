import { expect, it } from "vitest";
import { bytesPerSecond, estimateRemaining, share } from "../../../src/ui/estimate.ts";

const progress = { done: 600, total: 1000, unit: "bytes", firstDone: 100, firstAt: 0 } as const;

it("expects the rest at the speed since the first report", () => {
  expect(estimateRemaining(progress, 5000)).toBe(4000);
});

it("tells the speed of bytes since the first report", () => {
  expect(bytesPerSecond(progress, 5000)).toBe(100);
  expect(bytesPerSecond({ ...progress, total: undefined }, 5000)).toBe(100);
  expect(bytesPerSecond(progress, 1000)).toBeUndefined();
  expect(bytesPerSecond({ ...progress, unit: "items" }, 5000)).toBeUndefined();
  expect(bytesPerSecond({ ...progress, done: 1000 }, 5000)).toBeUndefined();
});

it("says nothing too early, without a whole, or at the end", () => {
  expect(estimateRemaining(progress, 1000)).toBeUndefined();
  expect(estimateRemaining({ ...progress, total: undefined }, 5000)).toBeUndefined();
  expect(estimateRemaining({ ...progress, done: 100 }, 5000)).toBeUndefined();
  expect(estimateRemaining({ ...progress, done: 1000 }, 5000)).toBeUndefined();
});

it("keeps a share between 0 and 1", () => {
  expect(share({ ...progress, done: 2000 })).toBe(1);
  expect(share({ ...progress, unit: "percent", done: 45, total: undefined })).toBe(0.45);
  expect(share({ ...progress, total: undefined })).toBeUndefined();
});
