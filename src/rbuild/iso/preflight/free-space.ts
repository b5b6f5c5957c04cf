import { readFile, statfs } from "node:fs/promises";
import { isSystemError, RbuildError } from "../../../system/index.ts";
import type { ContainerHost } from "../../container-host/container-host.ts";
import { asked } from "../../container-host/host-error.ts";
import { sizeText } from "../config/quantities.ts";

/** What the output's file system must have free at least: log, manifest and a small image. */
export const MIN_OUTPUT_BYTES = 64 * 2 ** 20;

/** Bytes that this process may still write where `path` is; undefined when there is no such path here. */
export async function freeBytes(path: string): Promise<number | undefined> {
  try {
    const { bavail, bsize } = await statfs(path);
    return bavail * bsize;
  } catch (error) {
    if (isSystemError(error)) return undefined;
    throw error;
  }
}

/** @throws RbuildError `iso.no-space` */
export async function checkSpace(what: string, path: string, wanted: number): Promise<void> {
  const free = await freeBytes(path);
  if (free === undefined || free >= wanted) return;
  throw new RbuildError("iso.no-space", `${path} has ${sizeText(free)} free; ${what} needs ${sizeText(wanted)}`, {
    category: "unavailable",
    hint: `make room there (df -h ${path}; rbuild engine gc), or say in rbuild.yaml that the build needs less: disk:`,
    details: { path, free, wanted },
  });
}

/** Where the container host keeps its layers, when that is a directory of this machine. */
export async function checkScratchSpace(host: ContainerHost, wanted: number): Promise<void> {
  const info = (await asked("ask the container engine for its state", host.info())) as { readonly DockerRootDir?: string };
  if (info.DockerRootDir) await checkSpace("the build's scratch", info.DockerRootDir, wanted);
}

/**
 * Bytes for a scratch in memory: what was asked for, or three quarters of what is available.
 * @throws RbuildError `iso.no-memory`
 */
export async function scratchMemory(ram: true | number): Promise<number> {
  const available = Number(/^MemAvailable:\s+(\d+) kB$/m.exec(await readFile("/proc/meminfo", "utf8"))?.[1] ?? 0) * 1024;
  const wanted = ram === true ? Math.floor((available * 3) / 4 / 2 ** 20) * 2 ** 20 : ram;
  if (wanted <= available && wanted > 0) return wanted;
  throw new RbuildError("iso.no-memory", `a scratch of ${sizeText(wanted)} in memory does not fit: ${sizeText(available)} are available`, {
    category: "unavailable",
    hint: "build without --ram, or ask for less with ram: in rbuild.yaml",
    details: { available, wanted },
  });
}

/** The same failure when it strikes while the build runs. */
export function noSpaceLeft(path: string, cause: unknown): RbuildError {
  return new RbuildError("iso.no-space", `${path} has no space left`, {
    category: "unavailable",
    hint: `make room there (df -h ${path}) and build again`,
    cause,
    details: { path },
  });
}
