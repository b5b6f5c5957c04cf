import { type OpenedPath, RbuildError, readInRoot } from "../../../system/index.ts";
import type { SpecUser } from "../../runtime/spec/runtime-spec.ts";

const MAX_DATABASE_BYTES = 1024 * 1024;
const MAX_ID = 0xffff_fffe;

export interface ResolvedUser extends SpecUser {
  readonly home: string;
}

interface PasswdEntry {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}
interface GroupEntry {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

/**
 * `user[:group]`, names or numbers, by the container's own /etc/passwd and /etc/group. A number needs no entry. Without a group, the user's
 * primary group and all groups that list him. The primary group is one of the additional ones too, so that it counts where a process gives it up.
 * @throws RbuildError `container.unknown-user`, `container.unknown-group`
 */
export function resolveUser(root: OpenedPath, text: string, groupAdd: readonly string[] = []): ResolvedUser {
  const users = parsePasswd(readInRoot(root, "/etc/passwd", MAX_DATABASE_BYTES)?.toString("latin1") ?? "");
  const groups = parseGroup(readInRoot(root, "/etc/group", MAX_DATABASE_BYTES)?.toString("latin1") ?? "");
  const [userText = "", groupText] = (text === "" ? "0" : text).split(":", 2);
  const user = findUser(users, userText === "" ? "0" : userText);
  const gid = groupText ? findGroup(groups, groupText) : user.gid;
  const listed = groupText ? [] : groups.filter(({ members }) => user.name !== "" && members.includes(user.name)).map((group) => group.gid);
  const additional = [...listed, ...groupAdd.map((name) => findGroup(groups, name))];
  return { uid: user.uid, gid, additionalGids: [...new Set([gid, ...additional])], home: user.home };
}

function findUser(users: readonly PasswdEntry[], text: string): PasswdEntry {
  const named = users.find(({ name }) => name === text);
  if (named) return named;
  const uid = parseId(text);
  if (uid === undefined) {
    throw new RbuildError("container.unknown-user", `the container's /etc/passwd has no user ${JSON.stringify(text)}`, {
      category: "invalid",
      details: { user: text },
    });
  }
  return users.find((user) => user.uid === uid) ?? { name: "", uid, gid: 0, home: "/" };
}

function findGroup(groups: readonly GroupEntry[], text: string): number {
  const gid = groups.find(({ name }) => name === text)?.gid ?? parseId(text);
  if (gid !== undefined) return gid;
  throw new RbuildError("container.unknown-group", `the container's /etc/group has no group ${JSON.stringify(text)}`, {
    category: "invalid",
    details: { group: text },
  });
}

function parseId(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,10}$/.test(text) && Number(text) <= MAX_ID ? Number(text) : undefined;
}

/** passwd(5): `name:password:uid:gid:gecos:home:shell`. Lines that are not that are left out. */
export function parsePasswd(text: string): PasswdEntry[] {
  return text.split("\n").flatMap((line) => {
    const [name = "", , uid, gid, , home] = line.split(":");
    const [uidNumber, gidNumber] = [parseId(uid), parseId(gid)];
    return name === "" || uidNumber === undefined || gidNumber === undefined ? [] : [{ name, uid: uidNumber, gid: gidNumber, home: home || "/" }];
  });
}

/** group(5): `name:password:gid:member,member`. */
export function parseGroup(text: string): GroupEntry[] {
  return text.split("\n").flatMap((line) => {
    const [name = "", , gid, members] = line.split(":");
    const number = parseId(gid);
    return name === "" || number === undefined ? [] : [{ name, gid: number, members: (members ?? "").split(",").filter(Boolean) }];
  });
}
