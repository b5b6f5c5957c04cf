import { expect, test } from "vitest";
import { digestOf } from "../../../../src/oci/index.ts";
import { buildConsequence, useConsequence } from "../../../../src/rbuild/explain/consequences.ts";
import type { Consequence, LockVerdict } from "../../../../src/rbuild/explain/explanation.ts";
import type { PinnedLook } from "../../../../src/rbuild/repository/fetch/look-for-pinned.ts";
import { RbuildError } from "../../../../src/system/index.ts";

const current: LockVerdict = { kind: "current", digest: digestOf("lock") };
const stale: LockVerdict = { kind: "refused", code: "lock.stale", message: "it is stale", hint: "rbuild image lock a" };
const pin = { name: "a", version: "1", architecture: "amd64", digest: "d", imageId: "i" };
const used: Consequence = { kind: "used" };
const built: Consequence = { kind: "built", reason: "x" };

test("an image is used when it was made from the same inputs, and built with the one below it", () => {
  expect(buildConsequence({ kind: "same-inputs" }, current, undefined)).toEqual(used);
  expect(buildConsequence({ kind: "same-inputs" }, current, { name: "low", build: built, use: used })).toEqual({
    kind: "built",
    reason: "low, which it stands on, is built",
  });
  expect(buildConsequence({ kind: "absent" }, current, { name: "low", build: built, use: used })).toMatchObject({ reason: "the engine does not have it" });
});

test("a lock that does not fit comes before everything else", () => {
  expect(buildConsequence({ kind: "present" }, stale, undefined)).toMatchObject({ kind: "refused", code: "lock.stale" });
});

test("of other inputs the first is named", () => {
  const differences = [{ field: "parent.imageId", was: "a", is: "b" }];
  expect(buildConsequence({ kind: "other-inputs", differences, packages: [] }, current, undefined)).toMatchObject({
    reason: expect.stringContaining("parent.imageId was a and is b"),
  });
  expect(buildConsequence({ kind: "other-inputs", differences: [], packages: [] }, current, undefined)).toMatchObject({
    reason: expect.stringContaining("not known here"),
  });
});

test("whoever needs the pinned image gets it as it is, has it built, or is refused", () => {
  expect(useConsequence({ kind: "exact", pin }, built, undefined, undefined)).toEqual(used);
  expect(useConsequence({ kind: "absent", pin }, built, undefined, undefined)).toMatchObject({ kind: "built" });
  expect(useConsequence({ kind: "unpinned", name: "a" }, used, undefined, undefined)).toMatchObject({ code: "image.unpinned" });
  const refused = useConsequence({ kind: "different", pin, found: { imageId: "j", digest: undefined } }, used, undefined, undefined);
  expect(refused).toMatchObject({ code: "image.pin-mismatch" });
  // So is everybody above.
  expect(useConsequence({ kind: "exact", pin }, used, { name: "low", build: used, use: refused }, undefined)).toBe(refused);
});

test("an absent image comes from a repository where one has it, else from its lock", () => {
  const use = (look: PinnedLook, build: Consequence = built, isExplicit = false) =>
    useConsequence({ kind: "absent", pin }, build, undefined, { look, isExplicit });
  const refused: Consequence = { kind: "refused", code: "lock.missing", reason: "no lock", hint: undefined };
  expect(use({ kind: "had", source: "/srv/images", bytes: 1 }, refused)).toMatchObject({ kind: "fetched", from: ["/srv/images"] });
  expect(use({ kind: "not-had", urls: ["http://a"] })).toMatchObject({ kind: "fetched", from: ["http://a"], reason: expect.stringContaining("built") });
  expect(use({ kind: "nobody", reason: "there is no root" })).toMatchObject({ kind: "built", reason: expect.stringContaining("there is no root") });
  const error = new RbuildError("trust.rollback", "it went back", { category: "untrusted" });
  expect(use({ kind: "not-had", urls: [], error })).toMatchObject({ kind: "built", reason: expect.stringContaining("it went back") });
  expect(use({ kind: "not-had", urls: [], error }, built, true)).toMatchObject({ kind: "refused", code: "trust.rollback" });
  expect(use({ kind: "not-had", urls: [], error }, refused)).toBe(refused);
});

test("what depends on an engine that was not asked is left open", () => {
  expect(buildConsequence({ kind: "unasked" }, current, undefined)).toMatchObject({ kind: "open" });
  expect(buildConsequence({ kind: "unasked" }, stale, undefined)).toMatchObject({ kind: "refused" });
  const publication = { look: { kind: "had", source: "/srv/images", bytes: 1 }, isExplicit: false } as const;
  expect(useConsequence({ kind: "unasked", pin }, built, undefined, publication)).toMatchObject({
    kind: "open",
    reason: expect.stringContaining("fetches it from /srv/images"),
  });
  const nobody = { look: { kind: "nobody", reason: "keys has no root" }, isExplicit: false } as const;
  expect(useConsequence({ kind: "unasked", pin }, built, undefined, nobody)).toMatchObject({
    reason: expect.stringMatching(/else builds it from its lock, and no repository is asked: keys has no root$/),
  });
});
