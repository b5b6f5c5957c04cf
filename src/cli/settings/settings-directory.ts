import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

export interface SettingsPlace {
  readonly directory: string;
  readonly file: string;
  /** Whom new files belong to, when that is not the process itself. */
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Settings of the person who typed the command: under sudo that is not root. RBUILD_CONFIG_HOME wins. */
export function settingsPlace(environment: Environment, uid = process.getuid?.() ?? 0): SettingsPlace {
  const given = environment["RBUILD_CONFIG_HOME"];
  if (given) return place(given, undefined);
  const caller = uid === 0 ? sudoCaller(environment) : undefined;
  if (caller) return place(join(caller.home, ".config", "rbuild"), caller);
  return place(join(environment["XDG_CONFIG_HOME"] || join(environment["HOME"] || homedir(), ".config"), "rbuild"), undefined);
}

function place(directory: string, owner: SettingsPlace["owner"]): SettingsPlace {
  return { directory, file: join(directory, "config.json"), owner: owner && { uid: owner.uid, gid: owner.gid } };
}

/** Whoever ran sudo, with the home that passwd(5) names. */
function sudoCaller(environment: Environment): { readonly uid: number; readonly gid: number; readonly home: string } | undefined {
  const uid = environment["SUDO_UID"];
  if (uid === undefined || !/^[1-9][0-9]*$/.test(uid)) return undefined;
  const row = passwd()
    .map((line) => line.split(":"))
    .find((fields) => fields[2] === uid);
  const [, , , gid, , home] = row ?? [];
  return home?.startsWith("/") && gid !== undefined ? { uid: Number(uid), gid: Number(gid), home } : undefined;
}

function passwd(): string[] {
  try {
    return readFileSync("/etc/passwd", "utf8").split("\n");
  } catch {
    return [];
  }
}
