import { RbuildError } from "../../../system/index.ts";
import { type ByteString, byteString, PAX_XATTR, type TarInput, tarHeader, textOf } from "../../../system/tar/index.ts";
import { isReservedName, type TreeDiff, whiteoutPath } from "./diff-trees.ts";
import type { Spool } from "./spool.ts";
import { hardLinkGroups, type Inode, type Tree } from "./tree.ts";

/**
 * The members of a layer in their one order: by path in byte order, so every directory before what is in it and the first name of a
 * file before its hard links. No user and group names, whole seconds, no sparse files.
 * @throws RbuildError `image.reserved-name` for a file that a layer would take for a whiteout
 */
export function* layerEntries(tree: Tree, diff: TreeDiff, spool: Spool): Generator<TarInput, void, undefined> {
  const groups = hardLinkGroups(tree);
  const whiteouts = new Set(diff.deleted.map(whiteoutPath));
  for (const path of [...diff.entries, ...whiteouts].sort((a, b) => (a < b ? -1 : 1))) {
    if (whiteouts.has(path)) {
      yield tarHeader({ path, kind: "file" });
      continue;
    }
    if (isReservedName(path)) {
      throw new RbuildError("image.reserved-name", `the file ${JSON.stringify(textOf(path))} cannot be in an image: its name means the deletion of another`, {
        category: "invalid",
        hint: "remove it in the Dockerfile, or with normalise.remove in image.yaml",
      });
    }
    const inode = tree.get(path);
    if (inode) yield encodeInode(path, inode, groups.get(inode)?.[0] ?? path, spool);
  }
}

function encodeInode(path: ByteString, inode: Inode, firstName: ByteString, spool: Spool): TarInput {
  const common = {
    path,
    mode: inode.mode,
    uid: inode.uid,
    gid: inode.gid,
    mtime: { seconds: inode.mtime, nanoseconds: 0 },
    pax: new Map([...inode.xattrs].map(([name, value]) => [`${PAX_XATTR}${name}` as ByteString, value])),
  };
  switch (inode.kind) {
    case "file": {
      if (path !== firstName) return tarHeader({ ...common, pax: new Map(), kind: "hardlink", linkPath: firstName });
      const { size, place } = inode.content;
      const body = place.kind === "memory" ? [place.bytes] : place.kind === "spool" ? spool.read(place.offset, size) : undefined;
      if (body === undefined) throw new TypeError(`the content of ${textOf(path)} was dropped`);
      return { ...tarHeader({ ...common, kind: "file", size }), body };
    }
    case "directory":
      return tarHeader({ ...common, path: byteString(Buffer.from(`${path}/`, "latin1")), kind: "directory" });
    case "symlink":
      return tarHeader({ ...common, kind: "symlink", linkPath: inode.target });
    case "character-device":
    case "block-device":
      return tarHeader({ ...common, kind: inode.kind, device: inode.device });
    case "fifo":
      return tarHeader({ ...common, kind: "fifo" });
    default:
      return inode satisfies never;
  }
}
