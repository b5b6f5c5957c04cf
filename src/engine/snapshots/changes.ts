import { readdirSync } from "node:fs";
import { type ByteString, byteString, textOf } from "../../system/index.ts";
import { isOpaque, isWhiteout, joinBytes, type LowerView, lstatBytes, type SeenFile } from "./lower-view.ts";
import type { OverlayFlavor } from "./overlay-flavor.ts";

export interface Change {
  readonly kind: "modified" | "added" | "deleted";
  /** Absolute in the container. */
  readonly path: string;
}

/** What an upper directory changes against the layers below it, sorted by the paths' bytes. */
export function listChanges(files: string, lower: LowerView, flavor: OverlayFlavor): Change[] {
  const found: { readonly kind: Change["kind"]; readonly path: ByteString }[] = [];

  /** @returns whether something in the directory changed */
  const walk = (directory: ByteString): boolean => {
    const prefix = directory === "" ? "" : `${directory}/`;
    const place = joinBytes(Buffer.from(files), directory);
    const names = readdirSync(place, { encoding: "buffer" }).map((name) => byteString(name));
    let changed = false;
    for (const name of names) changed = visit(`${prefix}${name}` as ByteString, joinBytes(place, name)) || changed;
    if (!lower.isDirectory(directory) || !isOpaque(place, flavor)) return changed;
    const kept = new Set(names);
    const gone = lower.names(directory).filter((name) => !kept.has(name));
    for (const name of gone) found.push({ kind: "deleted", path: `${prefix}${name}` as ByteString });
    return changed || gone.length > 0;
  };

  const visit = (path: ByteString, place: Buffer): boolean => {
    const stat = lstatBytes(place);
    if (stat === undefined) return false;
    const below = lower.lookup(path);
    if (isWhiteout(stat)) {
      if (below) found.push({ kind: "deleted", path });
      return below !== undefined;
    }
    const inside = stat.isDirectory() && walk(path);
    if (below?.stat.isDirectory() && stat.isDirectory() && !inside && hasSameAttributes({ path: place, stat }, below)) return false;
    found.push({ kind: below ? "modified" : "added", path });
    return true;
  };

  walk("" as ByteString);
  return found.sort((a, b) => (a.path < b.path ? -1 : 1)).map(({ kind, path }) => ({ kind, path: `/${textOf(path)}` }));
}

function hasSameAttributes(a: SeenFile, b: SeenFile): boolean {
  return a.stat.mode === b.stat.mode && a.stat.uid === b.stat.uid && a.stat.gid === b.stat.gid && a.stat.mtimeNs === b.stat.mtimeNs;
}
