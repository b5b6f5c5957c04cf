import { expect, test } from "vitest";
import { literalTargets } from "../../../../src/rbuild/iso/preflight/makefile.ts";

test("reads the targets that stand in the text", () => {
  const text = `
VAR := a:b
OTHER ?= x
export PATH = /bin
.PHONY: iso clean
iso: part | dirs ## build: it
\techo not: a-target
part dirs::
clean:; rm x
both also &: x
long \\
  more: y
# comment: no
`;
  expect(literalTargets(text)).toEqual({ names: ["iso", "part", "dirs", "clean", "both", "also", "long", "more"], isComplete: true });
});

test.each(["include x.mk", "-include x", "%.iso: %.list", "$(OUT)/x: y", "define RULE", "$(eval $(call x))", "$(foreach i,a b,$(eval $(i):))"])(
  "%j may have more",
  (line) => {
    expect(literalTargets(`iso:\n${line}\n`)).toMatchObject({ isComplete: false });
  },
);

test("assignments are no rules", () => {
  expect(literalTargets("a = b: c\na := b\na ::= b\na += x:y\nt: VAR := x\n")).toEqual({ names: ["t"], isComplete: true });
});
