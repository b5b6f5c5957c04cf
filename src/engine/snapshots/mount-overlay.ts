import { closeSync, openSync } from "node:fs";
import { MS, mount } from "../../system/index.ts";

export interface OverlayMount {
  /** Directories of the layers, top first, at least one. */
  readonly lower: readonly string[];
  readonly upper?: { readonly files: string; readonly work: string };
  readonly options: readonly string[];
}

/** mount(2) takes one page of options, its closing NUL included. */
const MAX_OPTIONS = 4095;
/** These separate options and directories. */
const SEPARATORS = /[,:\\]/;

/** Mounts an overlay of up to some 240 layers. Long lists go through open directories, whose names in /proc are short. */
export function mountOverlay(overlay: OverlayMount, target: string): void {
  const flags = overlay.upper ? 0n : MS.RDONLY;
  const paths = [...overlay.lower, ...(overlay.upper ? [overlay.upper.files, overlay.upper.work] : [])];
  const plain = optionText(overlay, (path) => path);
  if (Buffer.byteLength(plain) <= MAX_OPTIONS && !paths.some((path) => SEPARATORS.test(path))) {
    mount("overlay", target, "overlay", flags, plain);
    return;
  }
  const descriptors = new Map<string, number>();
  try {
    for (const path of paths) if (!descriptors.has(path)) descriptors.set(path, openSync(path, "r"));
    const text = optionText(overlay, (path) => `/proc/self/fd/${descriptors.get(path)}`);
    mount("overlay", target, "overlay", flags, text);
  } finally {
    for (const fd of descriptors.values()) closeSync(fd);
  }
}

function optionText({ lower, upper, options }: OverlayMount, name: (path: string) => string): string {
  const parts = [`lowerdir=${lower.map(name).join(":")}`];
  if (upper) parts.push(`upperdir=${name(upper.files)}`, `workdir=${name(upper.work)}`);
  return [...parts, ...options].join(",");
}
