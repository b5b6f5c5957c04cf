import { expect, test } from "vitest";
import { pinMismatch } from "../../../../../src/rbuild/images/pin/pin-refusal.ts";

const pin = { name: "base", version: "1", architecture: "amd64", digest: "sha256:d", imageId: "sha256:i" };

test("which of an image's two digests is not the wanted one is said, and what mends each", () => {
  const other = pinMismatch(pin, { imageId: "sha256:j", digest: undefined }, "present");
  expect(other.message).toContain("wanted the image id sha256:i, found sha256:j");
  expect(other.hint).toMatch(/--force makes the pinned one, unless definition or lock have changed .*git checkout/);
  const contradictory = pinMismatch(pin, { imageId: "sha256:i", digest: "sha256:e" }, "present");
  expect(contradictory.message).toContain("wanted the digest sha256:d, found sha256:e");
  expect(contradictory.hint).toMatch(/do not belong together/);
});
