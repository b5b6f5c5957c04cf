import { readFileSync } from "node:fs";

export interface MountEntry {
  readonly mountPoint: string;
  /** Root of the mount inside its file system. */
  readonly root: string;
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
  readonly superOptions: readonly string[];
}

const unescapePath = (text: string): string => text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

/** proc(5), /proc/pid/mountinfo: `id parent major:minor root mountpoint options optional… - type source superoptions`. */
export function parseMountinfo(text: string): MountEntry[] {
  return text.split("\n").flatMap((line) => {
    const [before, after] = line.split(" - ");
    if (before === undefined || after === undefined) return [];
    const [, , , root, mountPoint, options] = before.split(" ");
    const [type, source, superOptions] = after.split(" ");
    if (root === undefined || mountPoint === undefined || options === undefined || type === undefined) return [];
    return [
      {
        mountPoint: unescapePath(mountPoint),
        root: unescapePath(root),
        type,
        source: unescapePath(source ?? ""),
        options: options.split(","),
        superOptions: (superOptions ?? "").split(","),
      },
    ];
  });
}

/** The mounts this process sees. */
export function readMountinfo(): MountEntry[] {
  return parseMountinfo(readFileSync("/proc/self/mountinfo", "latin1"));
}
