import { readdirSync } from "node:fs";
import {
  asBuffer,
  type ByteString,
  byteString,
  PAX_XATTR,
  readTar,
  readTool,
  relativeTarPath,
  resampleSparse,
  type TarEntry,
  type TarInput,
  tarHeader,
  writeTar,
} from "../../system/index.ts";
import type { ByteStream } from "../content/content-store.ts";
import { canonicalMap } from "./canonical-sparse.ts";
import { fileHeader } from "./file-header.ts";
import { WHITEOUT } from "./layer-entries.ts";
import { layerRecords } from "./layer-xattrs.ts";
import { isWhiteout, joinBytes, type LowerView, lstatBytes } from "./lower-view.ts";
import type { OverlayFlavor } from "./overlay-flavor.ts";
import { reservedName } from "./snapshot-errors.ts";

const CREATE = [
  "--create",
  "--file=-",
  "--format=posix",
  "--pax-option=delete=atime,delete=ctime",
  "--sort=name",
  "--numeric-owner",
  "--xattrs",
  "--xattrs-include=*",
  "--sparse",
];
/** GNU tar's code for files that changed while they were read, as those of a running container may. */
const CHANGED = 1;

export interface DiffOptions {
  readonly flavor: OverlayFlavor;
  /** Seconds since 1970. */
  readonly clampTime?: number;
}

/** The layer that an upper directory of overlayfs stands for. Its bytes depend on the files alone: not on their inodes, owners' names or holes. */
export function diffLayer(files: string, lower: LowerView, options: DiffOptions): ByteStream {
  const archive = readTool("tar", [...CREATE, `--directory=${files}`, "."], { okCodes: [0, CHANGED] });
  return writeTar(layerInputs(readTar(archive, { limits: { path: 64 * 1024 } }), Buffer.from(files), lower, options));
}

async function* layerInputs(
  entries: AsyncIterable<TarEntry>,
  files: Buffer,
  lower: LowerView,
  options: DiffOptions,
): AsyncGenerator<TarInput, void, undefined> {
  for await (const entry of entries) {
    const path = relativeTarPath(entry.path) ?? entry.path;
    // Whiteouts come right after the directory they are in: OCI image-spec, layer.md, "Whiteouts".
    if (entry.kind === "character-device" && entry.device.major === 0 && entry.device.minor === 0) continue;
    if (path.slice(path.lastIndexOf("/") + 1).startsWith(WHITEOUT)) throw reservedName(path);
    const header = normalized(entry, path, options);
    if (entry.kind === "directory") {
      if (path !== "" || !(await isUnchangedRoot(header, lower, options))) yield header;
      yield* marks(path, entry, files, lower, options);
    } else if (entry.kind === "file") yield await withCanonicalHoles(header, entry, joinBytes(files, path));
    else yield header;
  }
}

function normalized(entry: TarEntry, path: ByteString, options: DiffOptions): TarInput {
  const { clampTime } = options;
  const isLater = clampTime !== undefined && (entry.mtime.seconds > clampTime || (entry.mtime.seconds === clampTime && entry.mtime.nanoseconds > 0));
  const link = entry.kind === "hardlink" ? (relativeTarPath(entry.linkPath) ?? entry.linkPath) : entry.linkPath;
  return {
    ...entry,
    path: entry.kind === "directory" ? ((path === "" ? "./" : `${path}/`) as ByteString) : path,
    linkPath: link,
    uname: "" as ByteString,
    gname: "" as ByteString,
    mtime: isLater ? { seconds: clampTime, nanoseconds: 0 } : entry.mtime,
    pax: entry.kind === "hardlink" ? new Map() : layerRecords(entry.pax, options.flavor),
  };
}

async function withCanonicalHoles(header: TarInput, entry: TarEntry, file: Buffer): Promise<TarInput> {
  const map = await canonicalMap(entry, file);
  const { sparse: _, ...plain } = header;
  if (!entry.sparse && !map) return header;
  const realSize = entry.sparse?.realSize ?? entry.size;
  const whole = [{ offset: 0, size: realSize }];
  const from = entry.sparse ?? { realSize, extents: whole };
  const to = map ?? { realSize, extents: realSize === 0 ? [] : whole };
  return {
    ...plain,
    ...(map ? { sparse: map } : {}),
    size: to.extents.reduce((sum, { size }) => sum + size, 0),
    body: resampleSparse(entry.body, from, to),
  };
}

/** `.wh..wh..opq` and `.wh.NAME` of one directory, left out where there is nothing below to hide. */
function* marks(path: ByteString, entry: TarEntry, files: Buffer, lower: LowerView, options: DiffOptions): Generator<TarInput, void, undefined> {
  const prefix = path === "" ? "" : `${path}/`;
  if (!lower.isDirectory(path)) return;
  if (entry.pax.get(`${PAX_XATTR}${options.flavor.xattrPrefix}opaque` as ByteString) === "y") {
    yield mark(`${prefix}.wh..wh..opq`);
    return;
  }
  for (const name of whiteoutsIn(joinBytes(files, path))) {
    if (lower.lookup(`${prefix}${name}` as ByteString) !== undefined) yield mark(`${prefix}.wh.${name}`);
  }
}

function mark(path: string): TarInput {
  return tarHeader({ path: path as ByteString, kind: "file" });
}

function whiteoutsIn(directory: Buffer): ByteString[] {
  return readdirSync(directory, { encoding: "buffer", withFileTypes: true })
    .filter((item) => item.isCharacterDevice())
    .map((item) => byteString(asBuffer(item.name as unknown as Uint8Array)))
    .filter((name) => {
      const stat = lstatBytes(joinBytes(directory, name));
      return stat !== undefined && isWhiteout(stat);
    })
    .sort();
}

/** The root is there always; it belongs into the layer only when it is another than the one below. */
async function isUnchangedRoot(header: TarInput, lower: LowerView, options: DiffOptions): Promise<boolean> {
  const below = lower.lookup("" as ByteString);
  if (below === undefined) return false;
  const old = await fileHeader(header.path, below);
  const describe = (root: TarInput) => {
    const { mode, uid, gid, mtime } = root;
    const xattrs = [...layerRecords(root.pax, options.flavor)]
      .filter(([key]) => key.startsWith(PAX_XATTR))
      .map(([key, value]) => `${key}=${value}`)
      .sort();
    return JSON.stringify([mode, uid, gid, mtime, xattrs]);
  };
  return describe(old) === describe(header);
}
