import { expect, it } from "vitest";
import type { RbuildEvent } from "../../../src/rbuild/index.ts";
import { createJsonReporter, createPlainReporter, createQuietReporter } from "../../../src/ui/index.ts";

const digest = `sha256:${"0".repeat(64)}`;
const events: readonly RbuildEvent[] = [
  { kind: "step.started", step: "1", name: "image.build", subject: "base" },
  { kind: "log.written", step: "1", stream: "stderr", text: "W: a\u001b[2J line" },
  { kind: "step.progressed", step: "1", done: 2_000_000, total: 4_000_000, unit: "bytes" },
  { kind: "step.finished", step: "1", outcome: "cached", milliseconds: 1200 },
  { kind: "warning.raised", code: "a.b", message: "careful", hint: "rbuild doctor" },
  { kind: "image.pinned", name: "base", digest, path: "images/base/image.pin.json", changed: false },
  { kind: "image.planned", name: "base", version: "12.1", way: "packages", predicted: { full: 80_000_000, packages: 5_000_000 } },
  { kind: "step.failed", step: "2", milliseconds: 300, code: "make.failed", message: "make iso exited with 2" },
  { kind: "artifact.exported", path: "/out/a.iso", size: 263_000_000, digest },
];

function sink() {
  let text = "";
  return { write: (part: string) => void (text += part), lines: () => text.split("\n").slice(0, -1) };
}

it("writes one plain line per event with the time since the start", () => {
  const out = sink();
  let now = 5000;
  const reporter = createPlainReporter(out, () => now);
  for (const event of events) {
    now += 11_000;
    reporter.report(event);
  }
  expect(out.lines()).toEqual([
    "[   11.0s] build image base ...",
    "[   22.0s] | W: a line",
    "[   33.0s] build image base: 2.0 MB of 4.0 MB",
    "[   44.0s] build image base: cached in 1.2s",
    "[   55.0s] warning: careful [a.b]",
    "[   55.0s]          to mend it: rbuild doctor",
    `[   66.0s] image base was pinned already in images/base/image.pin.json (${digest})`,
    "[   77.0s] image base 12.1 comes built from changed packages: 5.0 MB; whole 80 MB",
    "[   88.0s] 2: failed after 0.3s: make iso exited with 2 [make.failed]",
    `[   99.0s] exported /out/a.iso (263 MB, ${digest})`,
  ]);
});

it("tells a step's progress at most every ten seconds", () => {
  const out = sink();
  let now = 0;
  const reporter = createPlainReporter(out, () => now);
  reporter.report({ kind: "step.started", step: "1", name: "image.load" });
  for (now = 100; now <= 25_000; now += 100) reporter.report({ kind: "step.progressed", step: "1", done: now, unit: "items" });
  expect(out.lines()).toHaveLength(3);
});

it("tells how far bytes are, how fast they come, and how long the rest takes", () => {
  const out = sink();
  let now = 0;
  const reporter = createPlainReporter(out, () => now);
  reporter.report({ kind: "step.started", step: "1", name: "image.fetch-files" });
  for (const done of [5_000_000, 25_000_000]) {
    now += 10_000;
    reporter.report({ kind: "step.progressed", step: "1", done, total: 65_000_000, unit: "bytes" });
  }
  expect(out.lines().slice(1)).toEqual([
    "[   10.0s] fetch files of the image: 5.0 MB of 65 MB",
    "[   20.0s] fetch files of the image: 25 MB of 65 MB, 2.0 MB/s, 20.0s left",
  ]);
});

it("writes events as JSON, whole, with their time first", () => {
  const out = sink();
  const reporter = createJsonReporter(out, () => new Date(0));
  for (const event of events) reporter.report(event);
  const lines = out.lines();
  expect(lines.every((line) => line.startsWith('{"time":"1970-01-01T00:00:00.000Z","kind":"'))).toBe(true);
  expect(lines.map((line) => JSON.parse(line))).toEqual(events.map((event) => ({ time: "1970-01-01T00:00:00.000Z", ...event })));
});

it("says warnings alone when quiet", () => {
  const out = sink();
  const reporter = createQuietReporter(out);
  for (const event of events) reporter.report(event);
  expect(out.lines()).toEqual(["rbuild: warning: careful [a.b]"]);
});
