import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { parseGroup, parsePasswd, resolveUser } from "../../../../src/engine/containers/rootfs/resolve-user.ts";
import { openPath } from "../../../../src/system/kernel/open-in-root.ts";

function rootfs(passwd: string, group: string): string {
  const path = mkdtempSync("/tmp/rbuild-test-");
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  mkdirSync(join(path, "etc"));
  writeFileSync(join(path, "etc/passwd"), passwd);
  writeFileSync(join(path, "etc/group"), group);
  return path;
}

const PASSWD = "root:x:0:0:root:/root:/bin/sh\n\n# comment\nbroken:x:y:z\nme:x:1000:1001:Me,,,:/home/me:/bin/sh\nbare:x:7:8\n";
const GROUP = "root:x:0:\nme:x:1001:\nstaff:x:50:other,me\nwheel:x:10:me\nbroken\n";

test("leaves out lines that are no entries", () => {
  expect(parsePasswd(PASSWD).map(({ name }) => name)).toEqual(["root", "me", "bare"]);
  expect(parseGroup(GROUP).map(({ name }) => name)).toEqual(["root", "me", "staff", "wheel"]);
});

test.each([
  ["", { uid: 0, gid: 0, additionalGids: [0], home: "/root" }],
  ["me", { uid: 1000, gid: 1001, additionalGids: [1001, 50, 10], home: "/home/me" }],
  ["1000", { uid: 1000, gid: 1001, additionalGids: [1001, 50, 10], home: "/home/me" }],
  ["me:staff", { uid: 1000, gid: 50, additionalGids: [50], home: "/home/me" }],
  ["4242", { uid: 4242, gid: 0, additionalGids: [0], home: "/" }],
  ["4242:4343", { uid: 4242, gid: 4343, additionalGids: [4343], home: "/" }],
  [":staff", { uid: 0, gid: 50, additionalGids: [50], home: "/root" }],
])("resolves %j", (text, expected) => {
  using root = openPath(rootfs(PASSWD, GROUP));
  expect(resolveUser(root, text)).toEqual(expected);
});

test("adds the groups asked for, and refuses unknown names and numbers too large", () => {
  using root = openPath(rootfs(PASSWD, GROUP));
  expect(resolveUser(root, "me", ["77", "staff"]).additionalGids).toEqual([1001, 50, 10, 77]);
  expect(() => resolveUser(root, "you")).toThrow(expect.objectContaining({ code: "container.unknown-user" }));
  expect(() => resolveUser(root, "me:you")).toThrow(expect.objectContaining({ code: "container.unknown-group" }));
  expect(() => resolveUser(root, "4294967295")).toThrow(expect.objectContaining({ code: "container.unknown-user" }));
});

test("reads no file outside the root, whatever the links say", () => {
  const path = rootfs("", "");
  rmSync(join(path, "etc/passwd"));
  symlinkSync("/../../../../../../../etc/passwd", join(path, "etc/passwd"));
  using root = openPath(path);
  expect(resolveUser(root, "0").home).toBe("/");
  expect(() => resolveUser(root, "daemon")).toThrow(expect.objectContaining({ code: "container.unknown-user" }));
});
