import { createReadStream } from "node:fs";
import { type ByteString, relativeTarPath, type TarEntry, type TarHeader, type TarInput, tarHeader } from "../../system/index.ts";
import { fileHeader } from "./file-header.ts";
import { LayerAcls } from "./layer-acls.ts";
import { layerRecords } from "./layer-xattrs.ts";
import type { LowerView } from "./lower-view.ts";
import type { OverlayFlavor } from "./overlay-flavor.ts";
import { malformedLayer, unsafePath } from "./snapshot-errors.ts";

const ROOT = "" as ByteString;
/** linux/limits.h */
const NAME_MAX = 255;
const PATH_MAX = 4096;
/** Of names that delete what lies below: OCI image-spec, layer.md. */
export const WHITEOUT = ".wh.";
const OPAQUE = ".wh..wh..opq";
/** Other names of AUFS's own: OCI image-spec, layer.md, reserves the prefix. */
const RESERVED = ".wh..wh.";

export function parentOf(path: ByteString): ByteString {
  const slash = path.lastIndexOf("/");
  return (slash === -1 ? "" : path.slice(0, slash)) as ByteString;
}

/**
 * Turns a layer's entries into those to extract for overlayfs: every path checked and relative, whiteouts as 0:0 devices at the end,
 * directories that the layer only implies with the attributes they have below, targets of hardlinks that lie in a lower layer copied up.
 * Afterwards `opaque` are the directories to mark, and `acls` the ACLs to set.
 */
export class LayerEntries {
  readonly opaque = new Set<ByteString>();
  readonly acls = new LayerAcls();
  /** Bytes of file content. */
  bytes = 0;
  readonly #lower: LowerView;
  readonly #flavor: OverlayFlavor;
  readonly #seen = new Map<ByteString, "directory" | "other">();
  readonly #whiteouts: ByteString[] = [];

  constructor(lower: LowerView, flavor: OverlayFlavor) {
    this.#lower = lower;
    this.#flavor = flavor;
  }

  async *translate(entries: AsyncIterable<TarEntry>): AsyncGenerator<TarInput, void, undefined> {
    for await (const entry of entries) yield* this.#entry(entry);
    yield* this.#directory(ROOT, ROOT);
    // A directory that is hidden comes before what is hidden in it.
    for (const path of this.#whiteouts.sort()) yield* this.#whiteout(path);
    for (const path of this.opaque) if (!this.#lower.isDirectory(path)) this.opaque.delete(path);
  }

  async *#entry(entry: TarEntry): AsyncGenerator<TarInput, void, undefined> {
    const path = relativeTarPath(entry.path);
    if (path === undefined) throw unsafePath(entry.path, "its path is absolute or has .. in it");
    const parent = parentOf(path);
    const name = path.slice(parent === ROOT ? 0 : parent.length + 1);
    if (`/${parent}`.includes(`/${WHITEOUT}`)) {
      if (`/${parent}`.includes(`/${RESERVED}`)) return;
      throw malformedLayer(entry.path, "it lies below a whiteout");
    }
    if (name === OPAQUE) {
      yield* this.#directory(parent, entry.path);
      this.opaque.add(parent);
      return;
    }
    if (name.startsWith(RESERVED)) return;
    if (name.startsWith(WHITEOUT)) {
      this.#refuseDetour(parent, entry.path);
      this.#whiteouts.push(this.#hidden(parent, name.slice(WHITEOUT.length), entry));
      return;
    }
    if (path !== ROOT && this.#seen.get(parent) !== "directory") yield* this.#directory(parent, entry.path);
    this.#note(path, entry);
    if (entry.kind === "hardlink") yield* this.#hardlink(path, entry);
    else {
      this.bytes += entry.size;
      yield { ...entry, path: extractedName(path, entry.kind === "directory"), pax: this.#records(path, entry), uname: ROOT, gname: ROOT };
    }
  }

  #hidden(parent: ByteString, name: string, entry: TarEntry): ByteString {
    if (name === "" || name === "." || name === "..") throw unsafePath(entry.path, "it is a whiteout of no name");
    return (parent === ROOT ? name : `${parent}/${name}`) as ByteString;
  }

  #note(path: ByteString, entry: TarEntry): void {
    const kind = entry.kind === "directory" ? "directory" : "other";
    const before = this.#seen.get(path);
    if (entry.kind === "other") throw malformedLayer(entry.path, "its type is not known");
    if (entry.kind === "symlink" && (entry.linkPath === "" || entry.linkPath.length >= PATH_MAX))
      throw malformedLayer(entry.path, "its link target is empty or too long");
    if (path.length > NAME_MAX && (path.length >= PATH_MAX || path.split("/").some((name) => name.length > NAME_MAX))) {
      throw malformedLayer(entry.path, "its path is longer than Linux has them");
    }
    if (path === ROOT && kind !== "directory") throw malformedLayer(entry.path, "the root of a layer is a directory");
    if (before !== undefined && before !== kind) throw malformedLayer(entry.path, "it is both a directory and something else in one layer");
    if (entry.kind === "character-device" && entry.device.major === 0 && entry.device.minor === 0) {
      throw malformedLayer(entry.path, "a device 0:0 cannot be kept on overlayfs");
    }
    this.#seen.set(path, kind);
  }

  #records(path: ByteString, header: TarHeader): Map<ByteString, ByteString> {
    return this.acls.take(path, layerRecords(header.pax, this.#flavor));
  }

  async *#hardlink(path: ByteString, entry: TarEntry): AsyncGenerator<TarInput, void, undefined> {
    const target = relativeTarPath(entry.linkPath);
    if (target === undefined) throw unsafePath(entry.path, "it is a hardlink to an absolute path or one with .. in it");
    if (target === path) throw malformedLayer(entry.path, "it is a hardlink to itself");
    if (!this.#seen.has(target)) {
      const file = this.#lower.lookup(target);
      if (file === undefined) throw malformedLayer(entry.path, "the target of the hardlink is in no layer");
      yield* this.#directory(parentOf(target), entry.path);
      const header = await fileHeader(target, file);
      this.#seen.set(target, "other");
      this.bytes += header.size;
      yield { ...header, pax: this.#records(target, header), ...(header.kind === "file" ? { body: createReadStream(file.path) } : {}) };
    }
    if (this.#seen.get(target) === "directory") throw malformedLayer(entry.path, "it is a hardlink to a directory");
    yield { ...entry, path, linkPath: target, pax: new Map() };
  }

  /** No part of a path may be a link or a file of the same layer. */
  #refuseDetour(path: ByteString, wantedBy: ByteString): void {
    for (let at = path; at !== ROOT; at = parentOf(at)) {
      if (this.#seen.get(at) === "other") throw detour(wantedBy);
    }
  }

  /** Makes sure that a directory is there, and all above it, before something is put into it. */
  async *#directory(path: ByteString, wantedBy: ByteString): AsyncGenerator<TarInput, void, undefined> {
    const missing: ByteString[] = [];
    for (let at = path; this.#seen.get(at) !== "directory"; at = parentOf(at)) {
      if (this.#seen.has(at)) throw detour(wantedBy);
      missing.push(at);
      if (at === ROOT) break;
    }
    for (const at of missing.reverse()) {
      this.#seen.set(at, "directory");
      const file = this.#lower.lookup(at);
      if (!file?.stat.isDirectory()) {
        yield tarHeader({ path: extractedName(at, true), kind: "directory", mode: 0o755 });
        continue;
      }
      const header = await fileHeader(extractedName(at, true), file);
      yield { ...header, pax: this.#records(at, header) };
    }
  }

  /** A whiteout hides what lies below, never what its own layer has. Overlayfs shows one that hides nothing as a broken device. */
  async *#whiteout(path: ByteString): AsyncGenerator<TarInput, void, undefined> {
    const seen = this.#seen.get(path);
    if (seen === "directory") this.opaque.add(path);
    if (seen !== undefined || this.#isHidden(parentOf(path)) || this.#lower.lookup(path) === undefined) return;
    yield* this.#directory(parentOf(path), path);
    this.#seen.set(path, "other");
    yield tarHeader({ path, kind: "character-device" });
  }

  #isHidden(directory: ByteString): boolean {
    for (let at = directory; ; at = parentOf(at)) {
      if (this.opaque.has(at) || this.#seen.get(at) === "other") return true;
      if (at === ROOT) return false;
    }
  }
}

const detour = (path: ByteString) => unsafePath(path, "a part of its path is a link or a file of the same layer");

function extractedName(path: ByteString, isDirectory: boolean): ByteString {
  if (path === ROOT) return "./" as ByteString;
  return (isDirectory ? `${path}/` : path) as ByteString;
}
