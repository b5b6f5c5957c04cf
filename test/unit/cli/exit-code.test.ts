import { expect, it } from "vitest";
import { EXIT, exitCodeOf, exitCodeOfSignal } from "../../../src/cli/exit-code.ts";

it.each([
  ["invalid", 2],
  ["not-found", 2],
  ["refused", 2],
  ["conflict", 3],
  ["failed", 3],
  ["untrusted", 5],
  ["unavailable", 7],
  ["cancelled", 130],
] as const)("maps the category %s to %d unless a code says otherwise", (category, exitCode) => {
  expect(exitCodeOf({ code: "some.code", category })).toBe(exitCode);
});

it("keeps a code of its own for faults of rbuild itself", () => {
  expect(exitCodeOf({ code: "internal.error", category: "failed" })).toBe(EXIT.internal);
});

it("counts signals as shells do", () => expect(exitCodeOfSignal(15)).toBe(143));
