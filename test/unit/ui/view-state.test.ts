import { describe, expect, it } from "vitest";
import type { RbuildEvent } from "../../../src/rbuild/index.ts";
import { imageNote, initialViewState, LOG_TAIL, reduceView, roots, type ViewState } from "../../../src/ui/view-state.ts";

function after(events: readonly RbuildEvent[], from: ViewState = initialViewState(0)): ViewState {
  return events.reduce((state, event, index) => reduceView(state, event, (index + 1) * 10), from);
}

const outline = (state: ViewState) =>
  state.history.map((item) => (item.kind === "steps" ? item.lines.map(({ depth, step }) => `${depth} ${step.id} ${step.status.kind}`) : item.kind));

describe("steps", () => {
  it("keeps a tree until its root ends, then moves it to the history as a whole", () => {
    const running = after([
      { kind: "step.started", step: "a", name: "image.check", subject: "builder" },
      { kind: "step.started", step: "a1", name: "image.build", parent: "a" },
      { kind: "step.started", step: "b", name: "make.target", subject: "iso" },
      { kind: "step.started", step: "a11", name: "image.unpack", parent: "a1" },
      { kind: "step.finished", step: "a11", outcome: "cached", milliseconds: 5 },
      { kind: "step.finished", step: "a1", outcome: "done", milliseconds: 7 },
    ]);
    expect(running.history).toEqual([]);
    expect(roots(running.steps).map((step) => step.id)).toEqual(["a", "b"]);

    const done = after([{ kind: "step.finished", step: "a", outcome: "done", milliseconds: 9 }], running);
    expect([...done.steps.keys()]).toEqual(["b"]);
    expect(outline(done)).toEqual([["0 a finished", "1 a1 finished", "2 a11 finished"]]);
  });

  it("takes a step whose parent is unknown for a root", () => {
    const state = after([{ kind: "step.started", step: "x", name: "clean-up", parent: "never-seen" }]);
    expect(roots(state.steps).map((step) => step.id)).toEqual(["x"]);
    expect(outline(after([{ kind: "step.failed", step: "x", milliseconds: 1, code: "a.b", message: "no" }], state))).toEqual([["0 x failed"]]);
  });

  it("is not confused by events of steps that it does not know", () => {
    const before = initialViewState(0);
    expect(
      after(
        [
          { kind: "step.progressed", step: "?", done: 1, unit: "items" },
          { kind: "step.finished", step: "?", outcome: "done", milliseconds: 1 },
        ],
        before,
      ),
    ).toBe(before);
  });

  it("remembers where progress began", () => {
    const state = after([
      { kind: "step.started", step: "a", name: "image.load" },
      { kind: "step.progressed", step: "a", done: 100, total: 1000, unit: "bytes" },
      { kind: "step.progressed", step: "a", done: 300, total: 1000, unit: "bytes" },
    ]);
    expect(state.steps.get("a")?.progress).toEqual({ done: 300, total: 1000, unit: "bytes", firstDone: 100, firstAt: 20 });
  });
});

it("keeps the end of the log, cleaned", () => {
  const lines = Array.from(
    { length: LOG_TAIL + 5 },
    (_, index): RbuildEvent => ({ kind: "log.written", step: "a", stream: "stdout", text: `line ${index + 1}\u001b[31m` }),
  );
  const state = after(lines);
  expect(state.logLines).toBe(LOG_TAIL + 5);
  expect(state.log).toHaveLength(LOG_TAIL);
  expect(state.log.at(-1)).toEqual({ number: LOG_TAIL + 5, step: "a", text: `line ${LOG_TAIL + 5}` });
});

it("records warnings, images and artifacts", () => {
  const digest = `sha256:${"0".repeat(64)}`;
  const state = after([
    { kind: "warning.raised", code: "a.b", message: "careful", hint: "do it" },
    { kind: "image.accepted", name: "base", digest, how: "present" },
    { kind: "artifact.exported", path: "/out/a.iso", size: 3, digest },
  ]);
  expect(state.warnings).toBe(1);
  expect(state.history.map((item) => item.kind)).toEqual(["warning", "note"]);
  expect(state.artifacts).toEqual([{ path: "/out/a.iso", size: 3, digest }]);
});

it("says where an image came from, and what came for nothing", () => {
  const fetched = { kind: "image.fetched", name: "base", version: "1", digest: "sha256:0", how: "full", bytes: 30, size: 90 } as const;
  const [one, two] = [
    { source: "a", bytes: 20 },
    { source: "b", bytes: 10 },
  ];
  expect(imageNote({ ...fetched, discarded: 0, source: "a", sources: [{ ...one, bytes: 30 }] })).toBe("image base 1 fetched from a: 30 B for 90 B (sha256:0)");
  expect(imageNote({ ...fetched, discarded: 7, source: "a", sources: [one, two] })).toBe(
    "image base 1 fetched from a and 1 other mirror: 30 B for 90 B, and 7 B of no use (sha256:0)",
  );
});

it("takes 100 000 log lines in well under a second", () => {
  const before = process.cpuUsage();
  let state = after([{ kind: "step.started", step: "a", name: "make.target" }]);
  for (let index = 0; index < 100_000; index++)
    state = reduceView(state, { kind: "log.written", step: "a", stream: "stdout", text: `Get:${index} some package` }, index);
  expect(state.logLines).toBe(100_000);
  expect(process.cpuUsage(before).user).toBeLessThan(1_000_000);
});
