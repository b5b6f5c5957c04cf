import { type BigIntStats, lstatSync, readdirSync } from "node:fs";
import { type ByteString, byteString, bytesOf, isSystemError, readXattr } from "../../system/index.ts";
import type { OverlayFlavor } from "./overlay-flavor.ts";

/** A file as it is seen through a stack of layers. */
export interface SeenFile {
  /** Its place on the host, in the layer that it comes from. */
  readonly path: Buffer;
  readonly stat: BigIntStats;
}

/** A char device 0:0 stands for a deleted file in overlayfs's layers. */
export function isWhiteout(stat: BigIntStats): boolean {
  return stat.isCharacterDevice() && stat.rdev === 0n;
}

export function joinBytes(directory: Uint8Array, name: ByteString): Buffer {
  return name === "" ? Buffer.from(directory) : Buffer.concat([directory, Buffer.from("/"), bytesOf(name)]);
}

/** undefined when there is nothing. */
export function lstatBytes(path: Buffer): BigIntStats | undefined {
  try {
    return lstatSync(path, { bigint: true });
  } catch (error) {
    if (isSystemError(error, "ENOENT", "ENOTDIR", "ENAMETOOLONG")) return undefined;
    throw error;
  }
}

/** Looks files up through a stack of committed layers as overlayfs does, without mounting it. */
export class LowerView {
  readonly #flavor: OverlayFlavor;
  readonly #layers: readonly string[];
  /** Merged directories: where each is in the layers, top first; empty when there is no such directory. */
  readonly #directories = new Map<ByteString, readonly Buffer[]>();

  /** @param layers directories with the layers' files, top first */
  constructor(layers: readonly string[], flavor: OverlayFlavor) {
    this.#flavor = flavor;
    this.#layers = layers;
    this.#directories.set(
      "" as ByteString,
      layers.map((layer) => Buffer.from(layer)),
    );
  }

  /** The view with one more layer. */
  withTop(layer: string): LowerView {
    return new LowerView([layer, ...this.#layers], this.#flavor);
  }

  /** Without following a symbolic link anywhere. `path` is relative, the empty one is the root. */
  lookup(path: ByteString): SeenFile | undefined {
    const slash = path.lastIndexOf("/");
    const candidates =
      path === ""
        ? this.#stack(path)
        : this.#stack((slash === -1 ? "" : path.slice(0, slash)) as ByteString).map((parent) => joinBytes(parent, path.slice(slash + 1) as ByteString));
    for (const candidate of candidates) {
      const stat = lstatBytes(candidate);
      if (stat !== undefined) return isWhiteout(stat) ? undefined : { path: candidate, stat };
    }
    return undefined;
  }

  isDirectory(path: ByteString): boolean {
    return this.lookup(path)?.stat.isDirectory() ?? false;
  }

  /** Names in a merged directory, sorted by bytes. */
  names(path: ByteString): ByteString[] {
    const names = new Set(this.#stack(path).flatMap((directory) => readdirSync(directory, { encoding: "buffer" }).map((name) => byteString(name))));
    const prefix = path === "" ? "" : `${path}/`;
    return [...names].filter((name) => this.lookup(`${prefix}${name}` as ByteString) !== undefined).sort();
  }

  #stack(path: ByteString): readonly Buffer[] {
    const known = this.#directories.get(path);
    if (known) return known;
    const slash = path.lastIndexOf("/");
    const name = path.slice(slash + 1) as ByteString;
    const stack: Buffer[] = [];
    for (const parent of this.#stack((slash === -1 ? "" : path.slice(0, slash)) as ByteString)) {
      const candidate = joinBytes(parent, name);
      const stat = lstatBytes(candidate);
      if (stat === undefined) continue;
      if (!stat.isDirectory()) break;
      stack.push(candidate);
      if (isOpaque(candidate, this.#flavor)) break;
    }
    this.#directories.set(path, stack);
    return stack;
  }
}

/** True for a directory that hides what lower layers have under its name. */
export function isOpaque(directory: Uint8Array, flavor: OverlayFlavor): boolean {
  return readXattr(directory, `${flavor.xattrPrefix}opaque`)?.toString() === "y";
}
