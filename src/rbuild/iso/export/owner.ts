import { stat } from "node:fs/promises";
import { callerUmask } from "../../../system/index.ts";

/** Whom the artifacts will belong to. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** The person at the keyboard: whoever called sudo; for root without sudo the tree's owner; else this process. */
export async function findOwner(directory: string): Promise<Owner> {
  const [euid = 0, egid = 0] = [process.geteuid?.(), process.getegid?.()];
  if (euid !== 0) return { uid: euid, gid: egid };
  const [uid, gid] = [numberOf(process.env["SUDO_UID"]), numberOf(process.env["SUDO_GID"])];
  if (uid !== undefined && gid !== undefined) return { uid, gid };
  const { uid: ownerUid, gid: ownerGid } = await stat(directory);
  return { uid: ownerUid, gid: ownerGid };
}

function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^[0-9]{1,10}$/.test(text) ? Number(text) : undefined;
}

/** What the caller's umask leaves of `rw-rw-rw-`. */
export function fileMode(umask = callerUmask()): number {
  return 0o666 & ~umask;
}
