import { expect, test } from "vitest";
import { addUsers, readAccounts } from "../../../../../src/rbuild/images/additions/accounts.ts";

const TEXTS = {
  passwd: "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n",
  group: "root:x:0:\nadm:x:4:daemon\nusers:x:100:\n",
  shadow: "root:*:19000:0:99999:7:::\n",
  gshadow: "root:*::\nadm:*::daemon\nusers:*::\n",
};
const user = (fields: Partial<Parameters<typeof addUsers>[1][number]> = {}) => ({ name: "web", uid: 900, groups: [], shell: "/usr/sbin/nologin", ...fields });

test("a user gets a group of its own, cannot log in, and joins others", () => {
  const texts = addUsers(TEXTS, [user({ groups: ["adm"], home: "/srv/web" })], 20_000);
  expect(texts).toEqual({
    passwd: `${TEXTS.passwd}web:x:900:900::/srv/web:/usr/sbin/nologin\n`,
    group: "root:x:0:\nadm:x:4:daemon,web\nusers:x:100:\nweb:x:900:\n",
    shadow: `${TEXTS.shadow}web:!:20000:0:99999:7:::\n`,
    gshadow: "root:*::\nadm:*::daemon,web\nusers:*::\nweb:!::\n",
  });
  expect(readAccounts(texts).users.get("web")).toBe(900);
});

test("a gid that a group has already makes no other", () => {
  expect(addUsers(TEXTS, [user({ gid: 100 })], 1).group).toBe(TEXTS.group);
});

test.each([
  ["a name that is taken", user({ name: "daemon" }), "image.account-exists"],
  ["a uid that is taken", user({ uid: 1 }), "image.account-exists"],
  ["a group's name with another gid", user({ name: "adm" }), "image.account-exists"],
  ["a group that is not there", user({ groups: ["none"] }), "image.unknown-account"],
])("%s is refused", (_what, added, code) => {
  expect(() => addUsers(TEXTS, [added], 1)).toThrow(expect.objectContaining({ code }));
});

test("root is there without any file", () => {
  expect(readAccounts({ passwd: "", group: "" }).users.get("root")).toBe(0);
});
