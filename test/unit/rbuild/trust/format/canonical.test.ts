import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type MetadataValue, readCanonical, writeCanonical } from "../../../../../src/rbuild/trust/format/canonical.ts";
import { fuzzRuns } from "../../../../support/fuzz/runs.ts";

const RUNS = fuzzRuns(1000);
const text = fc.stringMatching(/^[\n -~]{0,20}$/);
const keyName = fc.stringMatching(/^[a-z][A-Za-z0-9]{0,8}$/);
const value: fc.Arbitrary<MetadataValue> = fc.letrec<{ value: MetadataValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.boolean(),
    fc.maxSafeInteger().map((number) => (number === 0 ? 0 : number)),
    text,
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(keyName, tie("value"), { maxKeys: 4 }),
  ),
})).value;

const read = (bytes: string | Uint8Array, maxBytes = 100_000) => {
  const result = readCanonical(Buffer.from(bytes), "it", maxBytes);
  return result.kind === "refused" ? result.code : result.value;
};

test("what is written is read back, and nothing else has these bytes", () => {
  fc.assert(
    fc.property(value, (wanted) => {
      expect(read(writeCanonical(wanted))).toEqual(wanted);
    }),
    { numRuns: RUNS },
  );
});

test("bytes that are accepted are those that their value is written as", () => {
  const json = fc.json({ maxDepth: 4 }).map((compact) => `${JSON.stringify(JSON.parse(compact), null, 2)}\n`);
  fc.assert(
    fc.property(
      fc.oneof(
        json,
        fc.string(),
        fc.uint8Array().map((bytes) => Buffer.from(bytes).toString("latin1")),
      ),
      (input) => {
        const result = readCanonical(Buffer.from(input), "it", 100_000);
        if (result.kind === "read") expect(Buffer.from(writeCanonical(result.value)).toString()).toBe(input);
      },
    ),
    { numRuns: RUNS },
  );
});

describe("refused", () => {
  test.each([
    ["a duplicate key", '{\n  "a": 1,\n  "a": 2\n}\n'],
    ["__proto__", '{\n  "__proto__": {}\n}\n'],
    ["keys out of order", '{\n  "b": 1,\n  "a": 2\n}\n'],
    ["no line end", '{\n  "a": 1\n}'],
    ["more line ends", '{\n  "a": 1\n}\n\n'],
    ["carriage returns", '{\r\n  "a": 1\r\n}\r\n'],
    ["other white space", '{ "a": 1 }\n'],
    ["a byte order mark", '\ufeff{\n  "a": 1\n}\n'],
    ["a number with a point", '{\n  "a": 1.0\n}\n'],
    ["an exponent", '{\n  "a": 1e3\n}\n'],
    ["a number that loses digits", '{\n  "a": 9007199254740993\n}\n'],
    ["minus zero", '{\n  "a": -0\n}\n'],
    ["null", '{\n  "a": null\n}\n'],
    ["an escape that is not needed", '{\n  "a": "\\u0041"\n}\n'],
    ["a control character", '{\n  "a": "\\u001b[31m"\n}\n'],
    ["a character beyond ASCII", '{\n  "a": "ä"\n}\n'],
    ["a lone surrogate", '{\n  "a": "\\ud800"\n}\n'],
    ["a key with odd characters", '{\n  "a b": 1\n}\n'],
    ["nothing", ""],
    ["two values", "1\n1\n"],
  ])("%s", (_what, input) => {
    expect(read(input)).toBe("trust.malformed-metadata");
  });

  test("bytes that are no UTF-8", () => {
    expect(read(Uint8Array.from([0x22, 0xff, 0x22, 0x0a]))).toBe("trust.malformed-metadata");
  });

  test("nesting, however deep, without costing the stack", () => {
    for (const depth of [13, 100_000, 5_000_000])
      expect(readCanonical(Buffer.from("[".repeat(depth)), "it", 10_000_000)).toMatchObject({ code: "trust.malformed-metadata" });
  });

  test("more bytes than there may be", () => {
    expect(read('"aaaaaaaa"\n', 5)).toBe("trust.too-large");
  });
});

test.runIf(existsSync("/usr/bin/python3"))("another language's JSON writes the same bytes", () => {
  const sample = { b: [1, -5, 9007199254740991, [], {}], a: { z: 'tab\nand "quotes" \\ / <>&\'', y: true } };
  const program = "import json,sys; sys.stdout.write(json.dumps(json.load(sys.stdin), sort_keys=True, indent=2) + '\\n')";
  const other = execFileSync("/usr/bin/python3", ["-c", program], { input: JSON.stringify(sample) });
  expect(other.toString()).toBe(Buffer.from(writeCanonical(sample)).toString());
});
