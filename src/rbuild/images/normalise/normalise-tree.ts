import { type ByteString, byteString } from "../../../system/tar/index.ts";
import { contentOf } from "../rootfs/read-tree.ts";
import type { Inode, Tree } from "../rootfs/tree.ts";
import { DEBIAN_RULES } from "./debian-rules.ts";
import { DIRECTORY_RULES, ENGINE_RULES } from "./engine-rules.ts";
import { pathMatcher } from "./pattern.ts";
import type { NormalisationContext, NormalisationRule } from "./rule.ts";

/** The rules of every image, in the order they are applied. */
export const NORMALISATION_RULES: readonly NormalisationRule[] = [...ENGINE_RULES, ...DEBIAN_RULES, ...DIRECTORY_RULES];

/** Files that a rule reads: their content must be in memory. */
export const isRewritten: (path: ByteString) => boolean = (() => {
  const paths = new Set(NORMALISATION_RULES.flatMap(({ action }) => (action.kind === "rewrite" ? [byteString(action.path)] : [])));
  return (path: ByteString) => paths.has(path);
})();

export interface NormaliseOptions extends NormalisationContext {
  /** The definition's own patterns. */
  readonly remove?: readonly string[];
}

/** Changes a tree into the one that every machine gets: rules first, then no time after SOURCE_DATE_EPOCH. */
export function normaliseTree(tree: Tree, options: NormaliseOptions): void {
  const own: NormalisationRule = { id: "definition", reason: "image.yaml says so", action: { kind: "remove", patterns: options.remove ?? [] } };
  for (const rule of [own, ...NORMALISATION_RULES]) applyRule(tree, rule, options);
  for (const inode of tree.values()) inode.mtime = Math.max(0, Math.min(inode.mtime, options.sourceDateEpoch));
}

function applyRule(tree: Tree, { action }: NormalisationRule, context: NormalisationContext): void {
  switch (action.kind) {
    case "remove": {
      const matches = pathMatcher(action.patterns);
      for (const path of tree.keys()) if (matches(path)) tree.delete(path);
      return;
    }
    case "remove-files": {
      const isBelow = pathMatcher(action.below.map((directory) => `${directory}/**`));
      for (const [path, inode] of tree) if (inode.kind !== "directory" && isBelow(path)) tree.delete(path);
      return;
    }
    case "empty":
      for (const path of action.paths.map(byteString)) replaceContent(tree, path, () => new Uint8Array(), context);
      return;
    case "rewrite":
      replaceContent(tree, byteString(action.path), (bytes) => Buffer.from(action.rewrite(Buffer.from(bytes).toString("latin1"), context), "latin1"), context);
      return;
    case "directory":
      tree.set(byteString(action.path), { kind: "directory", mode: action.mode, uid: 0, gid: 0, mtime: context.sourceDateEpoch, xattrs: new Map() });
      return;
    default:
      action satisfies never;
  }
}

/** Gives a file new content, and the image's time with it; its other hard links keep the old one. */
function replaceContent(tree: Tree, path: ByteString, change: (bytes: Uint8Array) => Uint8Array, { sourceDateEpoch }: NormalisationContext): void {
  const inode = tree.get(path);
  if (inode?.kind !== "file") return;
  const { place } = inode.content;
  const content = contentOf(change(place.kind === "memory" ? place.bytes : new Uint8Array()));
  tree.set(path, { ...inode, mtime: sourceDateEpoch, content } satisfies Inode);
}
