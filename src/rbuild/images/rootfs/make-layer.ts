import { join } from "node:path";
import type { TarEntry } from "../../../system/tar/index.ts";
import { isRewritten, type NormaliseOptions, normaliseTree } from "../normalise/normalise-tree.ts";
import { diffTrees } from "./diff-trees.ts";
import { layerEntries } from "./layer-entries.ts";
import { readTree } from "./read-tree.ts";
import { Spool } from "./spool.ts";
import type { Tree } from "./tree.ts";
import { type LayerFile, writeLayer } from "./write-layer.ts";

export interface MakeLayerOptions extends NormaliseOptions {
  /** Where the layer is written, and the spool while it is. */
  readonly directory: string;
  readonly signal?: AbortSignal;
}

/** The one layer that leads from the parent's normalised tree (empty for a first layer) to the normalised tree of `entries`. */
export async function makeLayer(entries: AsyncIterable<TarEntry>, parent: Tree, { directory, signal, ...rules }: MakeLayerOptions): Promise<LayerFile> {
  await using spool = await Spool.create(join(directory, "spool"));
  const tree = await readTree(entries, { spool, keepInMemory: isRewritten, signal });
  normaliseTree(tree, rules);
  return await writeLayer(layerEntries(tree, diffTrees(parent, tree), spool), join(directory, "layer.tar"), signal === undefined ? {} : { signal });
}

/** A root file system's normalised tree without its contents, to compare with. */
export async function readNormalisedTree(
  entries: AsyncIterable<TarEntry>,
  { signal, ...rules }: NormaliseOptions & { readonly signal?: AbortSignal | undefined },
): Promise<Tree> {
  const tree = await readTree(entries, { keepInMemory: isRewritten, signal });
  normaliseTree(tree, rules);
  return tree;
}
