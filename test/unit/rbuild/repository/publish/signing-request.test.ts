import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Digest, digestOf } from "../../../../../src/oci/index.ts";
import { readSignatureFile, writeSignatureFile } from "../../../../../src/rbuild/repository/publish/prepared/signature-file.ts";
import { readRequest, writeRequest } from "../../../../../src/rbuild/repository/publish/prepared/signing-request.ts";
import { writeCanonical } from "../../../../../src/rbuild/trust/format/canonical.ts";
import { isRbuildError } from "../../../../../src/system/index.ts";
import { fuzzRuns } from "../../../../support/fuzz/runs.ts";
import { daysFromNow, indexValue } from "../../../../support/trust/test-repository.ts";

const RUNS = fuzzRuns(300);
const text = (value: Parameters<typeof writeCanonical>[0]) => Buffer.from(writeCanonical(value)).toString("latin1");
const digest = (letter: string) => `sha256:${letter.repeat(64)}` as Digest;

function freshness(index: string, fields: Readonly<Record<string, string | number | Readonly<Record<string, string | number>>>> = {}): string {
  const reference = { version: 5, sha256: digestOf(Buffer.from(index)), size: index.length };
  const times = { asOf: daysFromNow(0), expires: daysFromNow(14) };
  return text({ type: "freshness", formatVersion: 1, repository: "test-images", version: 9, ...times, root: { version: 2 }, index: reference, ...fields });
}

const INDEX = text(indexValue(5));
const REQUEST = {
  repository: "test-images",
  root: { version: 2, sha256: digest("a") },
  follows: { index: { version: 4, sha256: digest("b") }, freshness: { version: 8 } },
  index: INDEX,
  freshness: freshness(INDEX),
};

test("what is written is read back", () => {
  const bytes = writeRequest(REQUEST);
  const read = readRequest(bytes, "it");
  expect(read).toMatchObject({ repository: "test-images", root: REQUEST.root, follows: REQUEST.follows, digest: digestOf(bytes) });
  expect(Buffer.from(read.index!.bytes).toString("latin1")).toBe(INDEX);
  const { follows: _first, ...first } = REQUEST;
  expect(readRequest(writeRequest(first), "it")).not.toHaveProperty("follows");
});

describe("parts that do not fit together are refused:", () => {
  const index = { version: 4, sha256: digest("b"), size: 10 };
  const { index: _index, ...withoutIndex } = REQUEST;
  const { follows: _follows, ...alone } = withoutIndex;
  test.each([
    ["another repository", { ...REQUEST, repository: "other" }],
    ["an index of another repository", { ...REQUEST, index: text(indexValue(5, { repository: "other" })) }],
    ["a freshness that names another root", { ...REQUEST, freshness: freshness(INDEX, { root: { version: 3 } }) }],
    ["a freshness that names another index", { ...REQUEST, freshness: freshness(text(indexValue(5, { expires: daysFromNow(10) }))) }],
    ["another size", { ...REQUEST, freshness: freshness(INDEX, { index: { version: 5, sha256: digestOf(Buffer.from(INDEX)), size: 1 } }) }],
    ["an older index", { ...REQUEST, follows: { ...REQUEST.follows, index: { version: 5, sha256: digest("b") } } }],
    ["an older freshness", { ...REQUEST, follows: { ...REQUEST.follows, freshness: { version: 9 } } }],
    ["no index, and none that is followed", alone],
    ["no index, and another one that is followed", { ...withoutIndex, freshness: freshness(INDEX, { index: { ...index, sha256: digest("c") } }) }],
    ["a freshness in the place of the index", { ...REQUEST, index: REQUEST.freshness }],
  ])("%s", (_what, request) => {
    expect(() => readRequest(writeRequest(request), "it")).toThrow(expect.objectContaining({ code: "repository.request-damaged" }));
  });

  test("a freshness alone is accepted over the index that it follows", () => {
    expect(readRequest(writeRequest({ ...withoutIndex, freshness: freshness(INDEX, { index }) }), "it")).not.toHaveProperty("index");
  });
});

test("changed and random bytes are refused by their code, never otherwise", () => {
  const files = [
    { bytes: writeRequest(REQUEST), read: readRequest, code: "repository.request-damaged" },
    {
      bytes: writeSignatureFile({ repository: "test-images", index: { sha256: digest("a"), signature: "-----BEGIN PGP SIGNATURE-----\n" } }),
      read: readSignatureFile,
      code: "repository.signature-file-damaged",
    },
  ] as const;
  const change = fc.tuple(
    fc.nat(),
    fc.nat(),
    fc.oneof(
      fc.uint8Array({ maxLength: 8 }),
      fc.constantFrom('"', "{", "}", "\\u0000", "null", ",").map((part) => Buffer.from(part)),
    ),
  );
  for (const { bytes, read, code } of files)
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), change), (given) => {
        const changed =
          given instanceof Uint8Array
            ? given
            : Buffer.concat([bytes.subarray(0, given[0] % bytes.length), given[2], bytes.subarray((given[0] + given[1]) % bytes.length)]);
        try {
          read(changed, "it");
        } catch (error) {
          if (!isRbuildError(error, code)) throw error;
        }
      }),
      { numRuns: RUNS },
    );
});
