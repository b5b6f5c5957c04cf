import { join } from "node:path";
import { type ChainId, type Descriptor, MEDIA_TYPE } from "../../../oci/index.ts";
import type { Image } from "../../images/image.ts";
import { type SnapshotKey, snapshotKey } from "../../snapshots/snapshotter.ts";
import { type BuildRun, type StepResult, signalOf } from "./build-run.ts";
import { chainOf, type StageState } from "./stage-state.ts";
import { BUILD_LABEL } from "./workspace.ts";

/**
 * The files of a state as an image without any defaults: what steps run in. Its label says that it goes with the build; it never is the
 * image of anybody else.
 */
export async function filesImage(run: BuildRun, state: StageState): Promise<Image> {
  const { os, architecture, variant, rootfs } = state.config;
  const config = { Labels: { [BUILD_LABEL]: run.workspace.id } };
  return await run.parts.images.create({ config: { os, architecture, ...(variant === undefined ? {} : { variant }), config, rootfs }, layers: state.layers });
}

/** Makes sure that the layers are snapshots. */
async function unpacked(run: BuildRun, state: StageState): Promise<ChainId | undefined> {
  if (state.layers.length > 0) await run.parts.images.unpack(await filesImage(run, state), signalOf(run));
  return chainOf(state);
}

/** Calls `work` with a writable directory that shows the state's files; what it changes there is the step's layer. */
export async function inWritableLayer(run: BuildRun, state: StageState, work: (root: string) => Promise<void>): Promise<StepResult> {
  const { snapshots } = run.parts;
  const chain = await unpacked(run, state);
  const key = run.workspace.nextSnapshot();
  await snapshots.prepare(key, chain);
  try {
    await mounted(run, key, work);
    return await layerOf(run, key);
  } finally {
    await snapshots.remove(key);
  }
}

/** Calls `work` with a directory that shows the state's files read-only. */
export async function withFiles<T>(run: BuildRun, state: StageState, work: (root: string) => Promise<T>): Promise<T> {
  const chain = await unpacked(run, state);
  if (chain !== undefined) return await mounted(run, snapshotKey(chain), work, { readOnly: true });
  const key = run.workspace.nextSnapshot();
  await run.parts.snapshots.prepare(key);
  try {
    return await mounted(run, key, work);
  } finally {
    await run.parts.snapshots.remove(key);
  }
}

let mounts = 0;

async function mounted<T>(run: BuildRun, key: SnapshotKey, work: (root: string) => Promise<T>, options: { readonly readOnly?: boolean } = {}): Promise<T> {
  const target = join(run.workspace.directory, `mount-${++mounts}`);
  await run.parts.snapshots.mount(key, target, options);
  try {
    return await work(target);
  } finally {
    await run.parts.snapshots.unmount(target);
  }
}

/** What a writable snapshot changed, stored as a layer. */
export async function layerOf(run: BuildRun, key: SnapshotKey): Promise<StepResult> {
  const { snapshots, content } = run.parts;
  if ((await snapshots.changes(key)).length === 0) return {};
  const diff = snapshots.diff(key, run.epoch === undefined ? {} : { clampTime: run.epoch });
  const { digest, size } = await content.ingest(diff, {}, signalOf(run));
  return { layer: uncompressedLayer(digest, size) };
}

export const uncompressedLayer = (digest: Descriptor["digest"], size: number): Descriptor => ({ mediaType: MEDIA_TYPE.layer, digest, size });
