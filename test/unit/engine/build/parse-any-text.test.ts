import * as fc from "fast-check";
import { expect, test } from "vitest";
import { parseDockerfile } from "../../../../src/engine/build/parse/parse.ts";
import { planBuild } from "../../../../src/engine/build/plan/plan.ts";
import { isRbuildError } from "../../../../src/system/index.ts";

const PIECES =
  "FROM a|FROM a AS b|RUN|COPY|ADD|ENV|ARG A=|ONBUILD |HEALTHCHECK |SHELL|LABEL| |\n|\r\n|\t|\\\n|\\|`|# escape=`\n|#|'|\"|$|${|}|:-|<<EOF|EOF\n|<<-'E'|E\n|[|]|[\"a\"]|--|--from=|=|\u0000|\ufeff|é";
const piece = fc.oneof(fc.constantFrom(...PIECES.split("|")), fc.string({ maxLength: 6 }));

/** The error when there is one: every text is either read or refused with the one code. */
function refusal(text: string): string | undefined {
  try {
    planBuild(parseDockerfile(text));
    return undefined;
  } catch (error) {
    return isRbuildError(error) ? error.code : `not coded: ${String(error)}`;
  }
}

test("any text is read or refused with the coded error", () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      expect([undefined, "dockerfile.syntax"]).toContain(refusal(pieces.join("")));
    }),
    { numRuns: 3000 },
  );
});

test.each([
  ["continued lines", `FROM a\nRUN ${"x \\\n".repeat(100_000)}y\n`],
  ["words", `FROM a\nENV ${"a=$b ".repeat(100_000)}\n`],
  ["open braces", `FROM a\nFROM ${"${a:-".repeat(50_000)}`],
  ["nested braces", `FROM a\nFROM ${"${a:-".repeat(20_000)}${"}".repeat(20_000)}`],
  ["dashes", `FROM a\nCOPY ${"--".repeat(200_000)} `],
  ["brackets", `FROM a\nCMD ${"[".repeat(300_000)}`],
  ["here-documents", `FROM a\nRUN ${"<<A ".repeat(20_000)}\n`],
  ["comments", `${"# x\n".repeat(200_000)}FROM a\n`],
  ["blank space", `FROM a\nRUN ${" ".repeat(900_000)}x\n`],
])("a megabyte of %s ends soon", (_, text) => {
  const before = process.cpuUsage();
  expect([undefined, "dockerfile.syntax"]).toContain(refusal(text));
  expect(process.cpuUsage(before).user).toBeLessThan(5_000_000);
});
