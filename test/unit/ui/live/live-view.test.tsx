import { cleanup, render } from "ink-testing-library";
import { afterEach, describe, expect, it } from "vitest";
import type { RbuildEvent } from "../../../../src/rbuild/index.ts";
import { glyphsFor } from "../../../../src/ui/live/glyphs.ts";
import { LiveView } from "../../../../src/ui/live/live-view.tsx";
import { ThemeContext } from "../../../../src/ui/live/theme.tsx";
import type { Ending } from "../../../../src/ui/reporter.ts";
import { initialViewState, reduceView } from "../../../../src/ui/view-state.ts";

afterEach(cleanup);

const digest = `sha256:${"0".repeat(64)}`;

/** The lines of the frame that the events lead to, two seconds after the last. */
function frame(events: readonly RbuildEvent[], options: { readonly ending?: Ending; readonly hasColor?: boolean; readonly locale?: string } = {}): string[] {
  const state = events.reduce((before, event) => reduceView(before, event, 0), initialViewState(0));
  const theme = { glyphs: glyphsFor({ LANG: options.locale ?? "C.UTF-8" }), hasColor: options.hasColor ?? false };
  const { lastFrame } = render(
    <ThemeContext value={theme}>
      <LiveView state={state} now={2000} {...(options.ending === undefined ? {} : { ending: options.ending })} />
    </ThemeContext>,
  );
  return (lastFrame() ?? "").split("\n").map((line) => line.trimEnd());
}

describe("while it runs", () => {
  it("draws what is over above what runs, then progress, log and time", () => {
    const lines = frame([
      { kind: "step.started", step: "1", name: "preflight" },
      { kind: "step.finished", step: "1", outcome: "done", milliseconds: 300 },
      { kind: "warning.raised", code: "iso.tree-changed", message: "the tree has changes", hint: "git commit" },
      { kind: "step.started", step: "2", name: "image.check", subject: "builder" },
      { kind: "step.started", step: "3", name: "image.load", parent: "2" },
      { kind: "step.progressed", step: "3", done: 0, total: 200_000_000, unit: "bytes" },
      { kind: "step.progressed", step: "3", done: 100_000_000, total: 200_000_000, unit: "bytes" },
      { kind: "log.written", step: "3", stream: "stdout", text: "x".repeat(150) },
    ]);
    expect(lines).toEqual([
      `✓ check the tree${" ".repeat(80)}0.3s`,
      "! the tree has changes [iso.tree-changed]",
      "  to mend it: git commit",
      `⠦ check image builder${" ".repeat(75)}2.0s`,
      expect.stringMatching(/^ {2}\S load image +2\.0s$/),
      `    ${"█".repeat(15)}${"░".repeat(15)} 50 % 100 MB of 200 MB, 50 MB/s, 2.0s left`,
      `  │ ${"x".repeat(95)}…`,
      "2.0s, 1 warning, Ctrl-C stops",
    ]);
  });

  it("needs nothing but ASCII in a locale that has no more", () => {
    const lines = frame(
      [
        { kind: "step.started", step: "1", name: "image.load" },
        { kind: "step.progressed", step: "1", done: 50, unit: "percent" },
      ],
      { locale: "C" },
    );
    expect(lines.join("")).toMatch(/^[\x20-\x7e]+$/);
  });

  it("never grows taller than the terminal", () => {
    const events = Array.from(
      { length: 100 },
      (_, index): RbuildEvent => ({ kind: "step.started", step: `${index}`, name: "make.target", subject: `t${index}` }),
    );
    const lines = frame(events);
    expect(lines.length).toBeLessThan(24);
    expect(lines.join("\n")).toContain("more");
  });

  it("uses no colours where they are not wanted", () => {
    expect(frame([{ kind: "step.started", step: "1", name: "preflight" }]).join("")).not.toContain("\u001b[");
  });
});

describe("at the end", () => {
  it("shows the artifacts as a table", () => {
    const lines = frame(
      [
        { kind: "artifact.exported", path: "/tree/out/live.iso", size: 263_000_000, digest },
        { kind: "artifact.exported", path: "/tree/out/SHA256SUMS", size: 120, digest },
      ],
      { ending: "done" },
    );
    expect(lines).toEqual([
      "",
      "/tree/out/",
      expect.stringMatching(/^ {3}263 MB {2}sha256:0+ {2}liv/),
      expect.stringMatching(/^ {4}120 B {2}sha256:0+ {2}SHA/),
      "done after 2.0s",
    ]);
  });

  it("shows more of the log after a failure", () => {
    const log = Array.from({ length: 30 }, (_, index): RbuildEvent => ({ kind: "log.written", step: "1", stream: "stdout", text: `line ${index}` }));
    const lines = frame(
      [
        { kind: "step.started", step: "1", name: "make.target", subject: "iso" },
        ...log,
        { kind: "step.failed", step: "1", milliseconds: 5, code: "make.failed", message: "make iso exited with 2" },
      ],
      { ending: "failed" },
    );
    expect(lines[0]).toMatch(/^✗ make iso/);
    expect(lines[1]).toBe("  make iso exited with 2 [make.failed]");
    expect(lines.slice(2)).toEqual([...Array.from({ length: 20 }, (_, index) => `  │ line ${index + 10}`), "failed after 2.0s"]);
  });
});
