import { type OpenedPath, openPath, RbuildError, readInRoot } from "../../../system/index.ts";

const MAX_DATABASE_BYTES = 16 * 1024 * 1024;
const MAX_ID = 2 ** 32 - 2;

/**
 * `user[:group]` as names of the image or numbers. A user by name without a group has the group that /etc/passwd gives; by number, the
 * same number.
 * @throws RbuildError `build.unknown-owner`
 */
export function ownerOf(root: string, text: string): { readonly uid: number; readonly gid: number } {
  const [user = "", group] = text.split(":", 2);
  const known = numberOf(user) === undefined || (group !== undefined && numberOf(group) === undefined);
  using directory = openPath(root);
  const [users, groups] = known ? [database(directory, "etc/passwd"), database(directory, "etc/group")] : [[], []];
  const entry = users.find(([name]) => name === user);
  const uid = numberOf(user) ?? numberOf(entry?.[2] ?? "");
  const gid =
    group === undefined || group === ""
      ? numberOf(user) === undefined
        ? numberOf(entry?.[3] ?? "")
        : uid
      : (numberOf(group) ?? numberOf(groups.find(([name]) => name === group)?.[2] ?? ""));
  if (uid === undefined || gid === undefined) {
    throw new RbuildError(
      "build.unknown-owner",
      `the image knows no ${uid === undefined ? `user ${JSON.stringify(user)}` : `group ${JSON.stringify(group)}`}`,
      {
        category: "invalid",
        hint: "make it in a RUN before, or name it by number",
        details: { owner: text },
      },
    );
  }
  return { uid, gid };
}

function numberOf(text: string): number | undefined {
  return /^\d{1,10}$/.test(text) && Number(text) <= MAX_ID ? Number(text) : undefined;
}

function database(root: OpenedPath, path: string): readonly (readonly string[])[] {
  const text = readInRoot(root, path, MAX_DATABASE_BYTES)?.toString("utf8") ?? "";
  return text.split("\n").map((line) => line.split(":"));
}
