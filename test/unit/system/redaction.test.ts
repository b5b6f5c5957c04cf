import { expect, test } from "vitest";
import { redact, stripControl } from "../../../src/system/index.ts";

test.each([
  ["get http://me:pw@host/x", "get http://***@host/x"],
  ["get https://token@host/x", "get https://***@host/x"],
  ["get http://me:p@ss@host/a@b", "get http://***@host/a@b"],
  ["clone ssh://git@host/x and ssh://me:pw@host/x", "clone ssh://git@host/x and ssh://***@host/x"],
  ["Authorization: Bearer abc.def", "Authorization: ***"],
  ["env GPG_PASSPHRASE=hunter2 make", "env GPG_PASSPHRASE=*** make"],
  ["http://host/path?x=1", "http://host/path?x=1"],
])("redacts %s", (text, expected) => expect(redact(text)).toBe(expected));

test("takes out terminal sequences and control characters, keeps tabs and newlines", () => {
  expect(stripControl("\u001b[1;31mred\u001b[0m\tok\n\u001b]0;title\u0007\u0000\r\u009b31m")).toBe("red\tok\n31m");
});
