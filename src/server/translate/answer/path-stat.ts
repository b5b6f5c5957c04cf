import type { PathStat } from "../../../engine/index.ts";

/** Bits of Go's os.FileMode, which Docker's header carries instead of st_mode. */
const GO = {
  dir: 2 ** 31,
  symlink: 2 ** 27,
  device: 2 ** 26,
  pipe: 2 ** 25,
  socket: 2 ** 24,
  setuid: 2 ** 23,
  setgid: 2 ** 22,
  charDevice: 2 ** 21,
  sticky: 2 ** 20,
} as const;
const S_IFMT = 0o170000;

const TYPES: Readonly<Record<number, number>> = {
  0o040000: GO.dir,
  0o120000: GO.symlink,
  0o060000: GO.device,
  0o020000: GO.device + GO.charDevice,
  0o010000: GO.pipe,
  0o140000: GO.socket,
};

export function goFileMode(mode: number): number {
  const special = (mode & 0o4000 ? GO.setuid : 0) + (mode & 0o2000 ? GO.setgid : 0) + (mode & 0o1000 ? GO.sticky : 0);
  return (mode & 0o777) + special + (TYPES[mode & S_IFMT] ?? 0);
}

/** The value of X-Docker-Container-Path-Stat: base64 of JSON. */
export function pathStatHeader(stat: PathStat): string {
  const value = { name: stat.name, size: stat.size, mode: goFileMode(stat.mode), mtime: stat.mtime.toISOString(), linkTarget: stat.linkTarget };
  return Buffer.from(JSON.stringify(value)).toString("base64");
}
