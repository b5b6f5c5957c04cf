import { accessSync, constants, lstatSync } from "node:fs";
import { dirname } from "node:path";
import { isSystemError } from "../system/errors.ts";

/** A system error for people: what is the matter with which path, and what mends it. `isOfHost`: the host is not able; else the work failed. */
interface SystemErrorText {
  readonly code: string;
  readonly isOfHost: boolean;
  readonly message: string;
  readonly hint?: string;
}

type Told = Omit<SystemErrorText, "code" | "message"> & { readonly message?: string };

const ofHost = (hint: string): Told => ({ isOfHost: true, hint });

/** By code; `path` is the one that the error names, or its directory where the path itself need not be there. */
const TEXTS: Readonly<Record<string, (path: string | undefined) => Told>> = {
  ENOSPC: (path) => ofHost(`make room there: df -h ${placeOf(path)}`),
  EDQUOT: (path) => ofHost(`make room there, or get a larger quota: df -h ${placeOf(path)}`),
  EACCES: (path) => ofHost(`see who may do that: ls -ld ${placeOf(path)}; sudo, perhaps`),
  EPERM: (path) => ofHost(`see who may do that: ls -ld ${placeOf(path)}; sudo, perhaps`),
  EROFS: (path) => ofHost(`work where something can be written: findmnt --target ${placeOf(path)}`),
  EMFILE: () => ofHost("ulimit -n 4096"),
  ENFILE: () => ofHost("end other programs, or raise sysctl fs.file-max"),
  ENOMEM: () => ofHost("end other programs, or add swap"),
  ENOENT: (path) => ({ isOfHost: false, ...(path === undefined ? {} : { hint: `see what is there: ls -ld ${placeOf(path)}` }) }),
  EISDIR: (path) => ({ isOfHost: false, message: `${path ?? "what is to be a file"} is a directory, where a file is wanted`, hint: "name a file" }),
  ENOTDIR: (path) => {
    const file = path === undefined ? undefined : standing(path);
    const message = `${path ?? "a directory"} cannot be used as a directory: ${file ?? "something"} is none`;
    return { isOfHost: false, message, hint: `name another place; or look what that is: ls -ld ${file ?? "."}` };
  },
};

export function describeSystemError(error: NodeJS.ErrnoException & { readonly dest?: string }): SystemErrorText {
  const path = error.dest ?? error.path;
  const code = codeOf(error);
  const told = Object.hasOwn(TEXTS, code) ? TEXTS[code]?.(path) : undefined;
  const message =
    code === error.code ? error.message : `${code}: ${path} cannot be made there: ${code === "EROFS" ? "read-only file system" : "not permitted"}`;
  return { isOfHost: false, message, ...told, code };
}

/** Of a directory that cannot be made below one that cannot be written, Node only says that it is not there. */
function codeOf({ code = "", syscall, path }: NodeJS.ErrnoException): string {
  const place = code === "ENOENT" && syscall === "mkdir" && path !== undefined ? standing(path) : undefined;
  if (place === undefined) return code;
  try {
    accessSync(place, constants.W_OK);
    return code;
  } catch (error) {
    return (isSystemError(error) && error.code) || code;
  }
}

const placeOf = (path: string | undefined): string => (path === undefined ? "." : dirname(path));

/** The path, or the nearest above it that is there. */
function standing(path: string): string | undefined {
  for (let at = path; ; at = dirname(at)) {
    try {
      lstatSync(at);
      return at;
    } catch {
      if (at === dirname(at)) return undefined;
    }
  }
}
