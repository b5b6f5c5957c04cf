import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type OpenStep, withStep } from "../../make-runner/index.ts";
import type { ContainerDefaults } from "../../oci/index.ts";
import { readTar, type TarEntry } from "../../system/tar/index.ts";
import type { LocatedDefinition } from "../definition/read-definition.ts";
import { everyBytes } from "../every-bytes.ts";
import type { LockedChain, LockedDefinition } from "../lock/lock-operations.ts";
import type { Pool } from "../pool/pool.ts";
import { addDefined } from "./additions/additions.ts";
import { makeLocale } from "./additions/make-locale.ts";
import { readDefaults } from "./assemble/container-defaults.ts";
import { importNothing } from "./assemble/import-nothing.ts";
import type { BuildWorkspace } from "./build-workspace.ts";
import { runHooks } from "./hooks/run-hooks.ts";
import { installPackages } from "./install/install-packages.ts";
import { markAutomatic } from "./install/mark-automatic.ts";
import { offerPackages } from "./offers/offer-packages.ts";
import { layOutPackages, type PlainPackage, readPackages } from "./packages/read-packages.ts";
import type { PresentImage } from "./present-image.ts";
import { makeLayer, readNormalisedTree } from "./rootfs/make-layer.ts";
import type { Tree } from "./rootfs/tree.ts";
import type { LayerFile } from "./rootfs/write-layer.ts";
import { withExportedImage } from "./steps/export-image.ts";
import { runDockerfile } from "./steps/run-dockerfile.ts";
import { openStepContainer, type StepContainer } from "./steps/step-container.ts";
import { putUnpacked } from "./unpack/put-unpacked.ts";

const PROGRESS_BYTES = 8 * 1024 * 1024;

/** What one image adds to the one it stands on. */
export interface LevelLayer {
  readonly layer: LayerFile;
  /** Of the Dockerfile's result, else of the parent. */
  readonly defaults: ContainerDefaults;
  /** Removes the containers and images that it was made in. */
  readonly release: () => Promise<void>;
}

export interface LevelSource {
  readonly chain: LockedChain;
  readonly image: LockedDefinition;
  /** Has every package of the image, and those that it offers. */
  readonly pool: Pick<Pool, "read">;
  /** The image below, in the engine; undefined for the first. */
  readonly parent: PresentImage | undefined;
}

/** The layer of an image: packages, then what its definition adds, its hooks, its Dockerfile; all in containers of the engine without network. */
export async function makeLevelLayer({ chain, image, pool, parent }: LevelSource, workspace: BuildWorkspace): Promise<LevelLayer> {
  const { located, lock } = image;
  const { sourceDateEpoch } = lock;
  const { definition } = located;
  const inherited = parent ? readDefaults({ ...parent.inspected.Config }) : {};
  const below: Tree = parent
    ? await withExportedImage(parent.inspected.Id, workspace, (tar) => readNormalisedTree(readTar(tar), { sourceDateEpoch, signal: workspace.signal }))
    : new Map();
  await using cleanUp = new AsyncDisposableStack();
  const container = await withPackages({ chain, image, pool, parent }, below, cleanUp, workspace);
  await addDefined(located, container, sourceDateEpoch);
  await makeLocale(definition, container, workspace);
  await runHooks(located, container, sourceDateEpoch, workspace);
  if (definition.dockerfile === undefined) {
    const tar = (await container.container.export()) as AsyncIterable<Uint8Array> & NodeJS.ReadableStream;
    const layer = await normalise(readTar(tar), below, located, sourceDateEpoch, workspace);
    return { layer, defaults: inherited, ...released(cleanUp) };
  }
  await offerPackages(definition.name, await readPackages(image.offers, pool, workspace.signal), container, pool, sourceDateEpoch, workspace);
  const result = await runDockerfile(located, container.container, inherited, sourceDateEpoch, workspace);
  const { Config } = await workspace.host.getImage(result).inspect();
  const layer = await withExportedImage(result, workspace, (tar) => normalise(readTar(tar), below, located, sourceDateEpoch, workspace));
  return { layer, defaults: readDefaults({ ...Config }), ...released(cleanUp) };
}

function released(cleanUp: AsyncDisposableStack): Pick<LevelLayer, "release"> {
  const moved = cleanUp.move();
  return { release: () => moved.disposeAsync() };
}

/** A container that has the image's packages. */
async function withPackages(
  { chain, image, pool, parent }: LevelSource,
  below: Tree,
  cleanUp: AsyncDisposableStack,
  workspace: BuildWorkspace,
): Promise<StepContainer> {
  const { definition } = image.located;
  const { sourceDateEpoch } = image.lock;
  // Whether packages are only unpacked is a matter of the whole chain: what has no dpkg cannot install.
  const isExtract = chain.images[0]?.located.definition.variant === "extract";
  const packages = await layOut(image, pool, workspace);
  const from = parent ? parent.inspected.Id : await importNothing(workspace);
  if (!parent) cleanUp.defer(async () => void (await workspace.host.getImage(from).remove({ force: true })));
  const container = cleanUp.use(await openStepContainer(from, workspace));
  const { signal } = workspace;
  const options = { architecture: chain.architecture, sourceDateEpoch, ...(signal === undefined ? {} : { signal }) };
  if (isExtract) await putUnpacked(packages, container, below, options);
  else {
    await installPackages(packages, container, { ...options, name: definition.name, isFirst: parent === undefined }, workspace);
    // One that is newer here than below was asked for, or not, when it came.
    const known = new Set(chain.images.slice(0, chain.images.indexOf(image)).flatMap((lower) => lower.packages.map(({ name }) => name)));
    const facts = packages.map((each) => each.facts);
    await markAutomatic(facts, known, definition, container, chain.architecture);
  }
  return container;
}

/** The image's packages, decompressed and checked, in files that end with the build. */
async function layOut(
  { located, packages }: LockedDefinition,
  pool: Pick<Pool, "read">,
  { directory, report, parentStep, signal }: BuildWorkspace,
): Promise<PlainPackage[]> {
  const { name } = located.definition;
  const step = { name: "image.unpack", subject: name, ...(parentStep === undefined ? {} : { parent: parentStep }) } as const;
  return await withStep(report, step, async (open) => {
    const total = packages.reduce((sum, { size }) => sum + size, 0);
    let done = 0;
    const read = ({ size }: { readonly size: number }) => open.progress((done += size), "bytes", total);
    const into = join(directory, `debs-${name}`);
    await mkdir(into);
    return await layOutPackages(packages, pool, into, { read, ...(signal === undefined ? {} : { signal }) });
  });
}

function normalise(
  entries: AsyncIterable<TarEntry>,
  parent: Tree,
  { definition }: LocatedDefinition,
  sourceDateEpoch: number,
  { report, parentStep, directory, signal }: BuildWorkspace,
): Promise<LayerFile> {
  const step = { name: "image.normalise", subject: definition.name, ...(parentStep === undefined ? {} : { parent: parentStep }) } as const;
  return withStep(report, step, (open) =>
    makeLayer(countBytes(entries, open), parent, {
      directory,
      sourceDateEpoch,
      remove: definition.normalise?.remove ?? [],
      ...(signal === undefined ? {} : { signal }),
    }),
  );
}

/** Tells how much of a root file system has been read; how much there is shows only at its end. */
async function* countBytes(entries: AsyncIterable<TarEntry>, step: OpenStep): AsyncGenerator<TarEntry, void, undefined> {
  const tell = everyBytes(PROGRESS_BYTES, (bytes) => step.progress(bytes, "bytes"));
  let done = 0;
  for await (const entry of entries) {
    yield entry;
    tell((done += entry.size));
  }
}
