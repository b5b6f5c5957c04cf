import { expect, test } from "vitest";
import { parseSigner } from "../../../src/cli/keys/key-options.ts";
import { parseAtLeastOne, parseBundledName, parseChannel, parsePromotion } from "../../../src/cli/publish/publish-options.ts";

const INVALID = expect.objectContaining({ code: "cli.invalid-value" });

test("signers are GnuPG's, or files", () => {
  const all = ["gpg:ABC!", "cron.key", "file:gpg:odd"].reduce<ReturnType<typeof parseSigner>>((before, text) => parseSigner(text, before), []);
  expect(all).toEqual([
    { kind: "gpg", user: "ABC!" },
    { kind: "file", path: "cron.key" },
    { kind: "file", path: "gpg:odd" },
  ]);
  for (const text of ["", "gpg:", "file:"]) expect(() => parseSigner(text)).toThrow(INVALID);
});

test("promotions and names have a version behind a colon", () => {
  expect(parsePromotion("builder:12.15-2=stable", [{ name: "a", version: "1", channel: "b" }])[1]).toEqual({
    name: "builder",
    version: "12.15-2",
    channel: "stable",
  });
  for (const text of ["", "builder", "builder:1", "builder=stable", "Builder:1=stable", "builder:1=", "builder:1=Stable", ":1=stable"])
    expect(() => parsePromotion(text), text).toThrow(INVALID);
  expect(parseBundledName("builder")).toEqual({ name: "builder" });
  expect(parseBundledName("builder:1")).toEqual({ name: "builder", version: "1" });
  for (const text of ["", ":1", "builder:", "../builder", "a:1:2"]) expect(() => parseBundledName(text), text).toThrow(INVALID);
});

test("channels and numbers", () => {
  expect(parseChannel("next-stable")).toBe("next-stable");
  for (const text of ["", "Stable", "a b", "-a", "a".repeat(65)]) expect(() => parseChannel(text), text).toThrow(INVALID);
  expect(parseAtLeastOne("12")).toBe(12);
  for (const text of ["0", "-1", "x", "01", ""]) expect(() => parseAtLeastOne(text), text).toThrow(INVALID);
});
