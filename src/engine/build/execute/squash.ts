import type { Stats } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { DiffId } from "../../../oci/index.ts";
import { type ByteString, bytesOf, feedTool, readTar, readTool, relativeTarPath, type TarEntryKind } from "../../../system/index.ts";
import { nameOf, parentOf, RootWriter } from "../files/root-writer.ts";
import { compareBytes } from "../files/source-tree.ts";
import { type BuildRun, signalOf } from "./build-run.ts";
import { defaultsOf, type StageState, stateOfStage } from "./stage-state.ts";
import { inWritableLayer, withFiles } from "./writable-layer.ts";

const WHITEOUT = ".wh.";
const OPAQUE = ".wh..wh..opq";
const CREATE = ["--create", "--format=posix", "--xattrs", "--xattrs-include=*", "--acls", "--numeric-owner", "--sparse", "--no-recursion"];
const EXTRACT = ["--extract", "--xattrs", "--xattrs-include=*", "--acls", "--numeric-owner", "--same-owner", "-p", "--delay-directory-restore"];

/** The stage's own layers as one on top of its base, with the history they have together. */
export async function squash(run: BuildRun, state: StageState): Promise<StageState> {
  const own = state.layers.slice(state.baseLayers);
  if (own.length < 2) return state;
  const { changed, removed } = await changesOf(run, own);
  const base = baseState(state);
  const { layer } = await withFiles(run, state, async (top) =>
    inWritableLayer(run, base, async (root) => {
      {
        using writer = new RootWriter(root);
        for (const path of removed) writer.remove(path);
        using result = new RootWriter(top);
        for (const path of changed) if (isOtherKind(writer.lstat(path), result.lstat(path))) writer.remove(path);
      }
      await copyPaths(run, changed, top, root);
    }),
  );
  const diffIds = [...base.config.rootfs.diff_ids, ...(layer === undefined ? [] : [layer.digest as DiffId])];
  return {
    ...state,
    layers: [...base.layers, ...(layer === undefined ? [] : [layer])],
    config: { ...state.config, rootfs: { type: "layers", diff_ids: diffIds }, history: squashedHistory(state, layer !== undefined) },
  };
}

function baseState(state: StageState): StageState {
  const rootfs = { type: "layers" as const, diff_ids: state.config.rootfs.diff_ids.slice(0, state.baseLayers) };
  return { ...stateOfStage(state), layers: state.layers.slice(0, state.baseLayers), config: { ...state.config, config: defaultsOf(state), rootfs } };
}

/** Every step of the stage is a line without a layer, but the last one that made one. */
function squashedHistory(state: StageState, hasLayer: boolean) {
  const history = state.config.history ?? [];
  const withLayer = history.flatMap(({ empty_layer }, index) => (empty_layer ? [] : [index]));
  const own = new Set(withLayer.slice(state.baseLayers, hasLayer ? -1 : undefined));
  return history.map((line, index) => (own.has(index) ? { ...line, empty_layer: true } : line));
}

/** Paths that some layer has, and those that some layer takes away (a directory with all below it), each sorted. */
async function changesOf(
  run: BuildRun,
  layers: StageState["layers"],
): Promise<{ readonly changed: readonly ByteString[]; readonly removed: readonly ByteString[] }> {
  const changed = new Map<ByteString, TarEntryKind>();
  const removed = new Set<ByteString>();
  for (const layer of layers) {
    const gone = new Set<ByteString>();
    const present = new Map<ByteString, TarEntryKind>();
    for await (const entry of readTar(run.parts.content.open(layer, signalOf(run)))) {
      const path = relativeTarPath(entry.path) ?? ("" as ByteString);
      const name = nameOf(path);
      if (name === OPAQUE) gone.add(parentOf(path));
      else if (name.startsWith(WHITEOUT)) gone.add([parentOf(path), name.slice(WHITEOUT.length)].filter((part) => part !== "").join("/") as ByteString);
      else if (path !== "") present.set(path, entry.kind);
      if (entry.kind !== "directory" && changed.get(path) === "directory") gone.add(path);
    }
    if (gone.size > 0) for (const path of changed.keys()) if (liesIn(path, gone)) changed.delete(path);
    for (const path of gone) removed.add(path);
    for (const [path, kind] of present) changed.set(path, kind);
  }
  return { changed: [...changed.keys()].toSorted(compareBytes), removed: [...removed].toSorted(compareBytes) };
}

function liesIn(path: ByteString, directories: ReadonlySet<ByteString>): boolean {
  for (let at = path; at !== ""; at = parentOf(at)) if (directories.has(at)) return true;
  return false;
}

/** What tar would not put in the place of the other by itself. */
function isOtherKind(before: Stats | undefined, after: Stats | undefined): boolean {
  return before !== undefined && before.isDirectory() !== (after?.isDirectory() ?? false);
}

async function copyPaths(run: BuildRun, paths: readonly ByteString[], from: string, to: string): Promise<void> {
  const list = join(run.workspace.directory, "squash-list");
  await writeFile(list, Buffer.concat(paths.flatMap((path) => [bytesOf(path), Buffer.alloc(1)])));
  const reading = readTool("tar", [...CREATE, `--directory=${from}`, "--null", "--verbatim-files-from", `--files-from=${list}`], signalOf(run));
  await feedTool("tar", [...EXTRACT, `--directory=${to}`], reading, signalOf(run));
}
