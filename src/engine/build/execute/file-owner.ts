import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { isSystemError, O_PATH, openInRoot, openPath, RbuildError } from "../../../system/index.ts";

const MAX_DATABASE_BYTES = 16 * 1024 * 1024;
const MAX_ID = 2 ** 32 - 2;

/**
 * `user[:group]` as names of the image or numbers. A user by name without a group has the group that /etc/passwd gives; by number, the
 * same number.
 * @throws RbuildError `build.unknown-owner`
 */
export async function ownerOf(root: string, text: string): Promise<{ readonly uid: number; readonly gid: number }> {
  const [user = "", group] = text.split(":", 2);
  const known = numberOf(user) === undefined || (group !== undefined && numberOf(group) === undefined);
  const [users, groups] = known ? [await database(root, "etc/passwd"), await database(root, "etc/group")] : [[], []];
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

async function database(root: string, path: string): Promise<readonly (readonly string[])[]> {
  try {
    using directory = openPath(root, O_PATH | constants.O_DIRECTORY);
    using opened = openInRoot(directory, path, constants.O_RDONLY | constants.O_NONBLOCK);
    const file = await open(opened.path, "r");
    try {
      const { size } = await file.stat();
      const bytes = Buffer.alloc(Math.min(size, MAX_DATABASE_BYTES));
      await file.read(bytes, 0, bytes.byteLength, 0);
      return bytes
        .toString("utf8")
        .split("\n")
        .map((line) => line.split(":"));
    } finally {
      await file.close();
    }
  } catch (error) {
    if (isSystemError(error, "ENOENT", "ENOTDIR", "ELOOP")) return [];
    throw error;
  }
}
