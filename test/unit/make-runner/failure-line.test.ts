import { expect, test } from "vitest";
import { parseFailureLine, parseNoRuleLine } from "../../../src/make-runner/failure-line.ts";
import { liveBuildStage } from "../../../src/make-runner/live-build-stages.ts";

test("reads the target, its place and how its recipe ended", () => {
  expect(parseFailureLine("make: *** [Makefile:12: out/live.iso] Error 7")).toEqual({ target: "out/live.iso", place: "Makefile:12", exitCode: 7 });
  expect(parseFailureLine("make[2]: *** [sub/rules.mk:3: all] Killed")).toEqual({ target: "all", place: "sub/rules.mk:3", signal: "Killed" });
  expect(parseFailureLine("make: *** [iso] Error 1")).toEqual({ target: "iso", exitCode: 1 });
});

test("an ignored failure is none, nor is any other line", () => {
  expect(parseFailureLine("make: [Makefile:3: iso] Error 1 (ignored)")).toBeUndefined();
  expect(parseFailureLine("make: *** Waiting for unfinished jobs....")).toBeUndefined();
  expect(parseFailureLine("echo make: *** [x] Error 1 and more")).toBeUndefined();
});

test("reads which rule is missing and for whom", () => {
  expect(parseNoRuleLine("make: *** No rule to make target 'x.list', needed by 'iso'.  Stop.")).toEqual({ target: "x.list", neededBy: "iso" });
  expect(parseNoRuleLine("make: *** No rule to make target 'is'.  Stop.")).toEqual({ target: "is" });
});

test("knows live-build's stages", () => {
  expect(liveBuildStage("P: Begin installing packages (live pass)...")).toBe("installing packages (live pass)");
  expect(liveBuildStage("P: Setting up cleanup function")).toBeUndefined();
  expect(liveBuildStage("P: Begin unmounting /sys...")).toBeUndefined();
});
