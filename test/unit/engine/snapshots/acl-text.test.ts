import { expect, test } from "vitest";
import { aclFromText } from "../../../../src/engine/snapshots/acl-text.ts";
import { ACL_ACCESS } from "../../../support/rich-tree.ts";

const nobody = () => undefined;

test.each([
  ["user::rw-\nuser:1234:rwx\ngroup::r--\nmask::rwx\nother::r--\n"],
  ["other::r--,m::rwx,g::r--,u:1234:rwx,u::rw-"],
  ["# file\nuser::rw-\nuser:someone:rwx:1234\t#effective:rwx\ngroup::r--\nmask::rwx\nother::r--"],
])("reads %j as the kernel keeps it", (text) => {
  expect(aclFromText(text, nobody)).toEqual(ACL_ACCESS);
});

test("asks for the numbers of names", () => {
  const text = "user::rwx,user:builder:r-x,group::r--,group:adm:r--,mask::r-x,other::---";
  const resolve = (kind: string, name: string) =>
    new Map([
      ["user builder", 1000],
      ["group adm", 4],
    ]).get(`${kind} ${name}`);
  expect(aclFromText(text, resolve)).toEqual(aclFromText(text.replace("builder", "1000").replace("adm", "4"), nobody));
  expect(aclFromText(text, nobody)).toBeUndefined();
});

test.each(["", "user", "user::rw", "user::rwz", "mask:1:rwx", "other:x:rwx", "user:4294967295:rwx", "owner::rwx"])("does not take %j", (text) => {
  expect(aclFromText(text, nobody)).toBeUndefined();
});
