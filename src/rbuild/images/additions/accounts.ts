import { RbuildError } from "../../../system/index.ts";
import type { ImageUser } from "../../definition/schema.ts";

/** Lines of passwd(5), group(5), shadow(5) and gshadow(5) by the names of their files in /etc. */
export const ACCOUNT_FILES = ["passwd", "group", "shadow", "gshadow"] as const;
export type AccountFile = (typeof ACCOUNT_FILES)[number];
export type AccountTexts = Readonly<Record<AccountFile, string>>;

/** Users and groups by name; root is there whatever the files say. */
export interface Accounts {
  readonly users: ReadonlyMap<string, number>;
  readonly groups: ReadonlyMap<string, number>;
}

export function readAccounts({ passwd, group }: Pick<AccountTexts, "passwd" | "group">): Accounts {
  const ids = (text: string) => new Map([["root", 0], ...rows(text).map((fields): [string, number] => [fields[0] ?? "", Number(fields[2])])]);
  return { users: ids(passwd), groups: ids(group) };
}

/**
 * Adds users, each with a group of its own name unless a group has its gid, and makes them members of others. Nobody can log in with a
 * password. `day` is the day of the last password change, since 1970.
 * @throws RbuildError `image.account-exists`, `image.unknown-account`
 */
export function addUsers(texts: AccountTexts, users: readonly ImageUser[], day: number): AccountTexts {
  const lines = Object.fromEntries(ACCOUNT_FILES.map((name) => [name, rows(texts[name])])) as Record<AccountFile, string[][]>;
  for (const { name, uid, gid = uid, groups, home = "/nonexistent", shell } of users) {
    const taken = lines.passwd.find((fields) => fields[0] === name || fields[2] === String(uid));
    if (taken) throw exists(`the user ${name} with the uid ${uid}`, `the user ${taken[0]} with the uid ${taken[2]}`);
    if (!lines.group.some((fields) => fields[2] === String(gid))) {
      if (lines.group.some((fields) => fields[0] === name)) throw exists(`the group ${name} with the gid ${gid}`, `a group ${name} with another gid`);
      lines.group.push([name, "x", String(gid), ""]);
      lines.gshadow.push([name, "!", "", ""]);
    }
    lines.passwd.push([name, "x", String(uid), String(gid), "", home, shell]);
    lines.shadow.push([name, "!", String(day), "0", "99999", "7", "", "", ""]);
    for (const group of groups) {
      if (!lines.group.some((fields) => fields[0] === group)) throw unknownAccount("group", group);
      for (const file of ["group", "gshadow"] as const) {
        const fields = lines[file].find(([first]) => first === group);
        if (fields) fields[3] = [...(fields[3] ? [fields[3]] : []), name].join(",");
      }
    }
  }
  return Object.fromEntries(ACCOUNT_FILES.map((name) => [name, lines[name].map((fields) => `${fields.join(":")}\n`).join("")])) as Record<AccountFile, string>;
}

const rows = (text: string): string[][] =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.split(":"));

export function unknownAccount(kind: "user" | "group", name: string): RbuildError {
  return new RbuildError("image.unknown-account", `the image has no ${kind} ${name}`, {
    category: "invalid",
    hint: "add it to users: in image.yaml, or use one that the packages make",
    details: { kind, name },
  });
}

function exists(wanted: string, there: string): RbuildError {
  return new RbuildError("image.account-exists", `image.yaml adds ${wanted}, and the image has ${there} already`, {
    category: "invalid",
    hint: "choose another name or id under users: in image.yaml",
  });
}
