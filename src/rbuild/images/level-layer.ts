import type Docker from "dockerode";
import { withStep } from "../../make-runner/index.ts";
import type { ContainerDefaults } from "../../oci/index.ts";
import { readTar, type TarEntry } from "../../system/tar/index.ts";
import type { LocatedDefinition } from "../definition/read-definition.ts";
import type { Bootstrap } from "../definition/schema.ts";
import type { Mirror } from "../mirror/find-mirror.ts";
import { readDefaults } from "./assemble/container-defaults.ts";
import { withBootstrappedRootfs } from "./bootstrap/base-rootfs.ts";
import type { BuildWorkspace } from "./build-workspace.ts";
import { makeLayer, readNormalisedTree } from "./rootfs/make-layer.ts";
import type { Tree } from "./rootfs/tree.ts";
import type { LayerFile } from "./rootfs/write-layer.ts";
import { withExportedImage } from "./steps/export-image.ts";
import { installPackages } from "./steps/install-packages.ts";
import { runDockerfile } from "./steps/run-dockerfile.ts";

/** What one image adds to the one it stands on. */
export interface LevelLayer {
  readonly layer: LayerFile;
  /** Of the Dockerfile's result, else of the parent. */
  readonly defaults: ContainerDefaults;
}

export interface LevelSource {
  readonly located: LocatedDefinition;
  readonly bootstrap: Bootstrap;
  readonly sourceDateEpoch: number;
  readonly mirror: Mirror;
}

/** The layer of an image that starts from a suite's packages. */
export async function makeFirstLayer({ located, bootstrap, sourceDateEpoch, mirror }: LevelSource, workspace: BuildWorkspace): Promise<LevelLayer> {
  const layer = await withBootstrappedRootfs(located.definition.name, bootstrap, sourceDateEpoch, mirror, workspace, (entries) =>
    normalise(entries, new Map(), located, sourceDateEpoch, workspace),
  );
  return { layer, defaults: {} };
}

/** The layer of an image that stands on another: packages, then the Dockerfile, in containers of the engine. */
export async function makeNextLayer(source: LevelSource, parent: Docker.ImageInspectInfo, workspace: BuildWorkspace): Promise<LevelLayer> {
  const { located, sourceDateEpoch } = source;
  const { definition } = located;
  const parentDefaults = readDefaults({ ...parent.Config });
  const parentTree = await withExportedImage(parent.Id, workspace, (tar) => readNormalisedTree(readTar(tar), { sourceDateEpoch }));
  await using installed = await installPackages(definition, parent.Id, source, workspace);
  if (definition.dockerfile === undefined) {
    const tar = (await installed.container.export()) as AsyncIterable<Uint8Array> & NodeJS.ReadableStream;
    return { layer: await normalise(readTar(tar), parentTree, located, sourceDateEpoch, workspace), defaults: parentDefaults };
  }
  const result = await runDockerfile(located, installed.container, parentDefaults, sourceDateEpoch, workspace);
  const { Config } = await workspace.host.getImage(result).inspect();
  const layer = await withExportedImage(result, workspace, (tar) => normalise(readTar(tar), parentTree, located, sourceDateEpoch, workspace));
  return { layer, defaults: readDefaults({ ...Config }) };
}

function normalise(
  entries: AsyncIterable<TarEntry>,
  parent: Tree,
  { definition }: LocatedDefinition,
  sourceDateEpoch: number,
  { report, parentStep, directory, signal }: BuildWorkspace,
): Promise<LayerFile> {
  const step = { name: "image.normalise", subject: definition.name, ...(parentStep === undefined ? {} : { parent: parentStep }) } as const;
  return withStep(report, step, () =>
    makeLayer(entries, parent, { directory, sourceDateEpoch, remove: definition.normalise?.remove ?? [], ...(signal === undefined ? {} : { signal }) }),
  );
}
