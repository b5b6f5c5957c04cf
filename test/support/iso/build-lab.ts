import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type Docker from "dockerode";
import { onTestFinished } from "vitest";
import { hostPlatform } from "../../../src/oci/index.ts";
import type { RbuildEvent } from "../../../src/rbuild/events.ts";
import { identifyImage } from "../../../src/rbuild/images/identify-image.ts";
import { buildIso } from "../../../src/rbuild/iso/build-iso.ts";
import type { IsoOptions, IsoResult } from "../../../src/rbuild/iso/iso.ts";
import { makeTempDirectory } from "../../../src/system/index.ts";
import { builderRootfsTar } from "./builder-rootfs.ts";
import { makeGitTree, type TestTree } from "./git-tree.ts";

export const TEST_BUILDER = "test-builder";

export interface BuildLab {
  readonly tree: TestTree;
  readonly out: string;
  readonly stateDirectory: string;
  readonly imageDirectory: string;
  readonly events: RbuildEvent[];
  readonly build: (options?: Partial<IsoOptions>) => Promise<IsoResult>;
  readonly lines: () => string[];
}

/** A tree with a Makefile, the test builder pinned for it, and all state in a directory of its own. */
export async function makeBuildLab(docker: Docker, makefile: string, files: Readonly<Record<string, string>> = {}): Promise<BuildLab> {
  const directory = await mkdtemp("/var/tmp/rbuild-lab-");
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const [stateDirectory, imageDirectory] = [join(directory, "state"), join(directory, "images")];
  await writeDefinition(imageDirectory, TEST_BUILDER, await loadBuilder(docker));
  const tree = await makeGitTree({
    "rbuild.yaml": `builder: ${TEST_BUILDER}\nnetwork: none\nartifacts: ["*.iso"]\ndisk: 1M\ncapabilities: [CHOWN, DAC_OVERRIDE, FOWNER]\n`,
    Makefile: makefile,
    ".gitignore": "",
    ...files,
  });
  const events: RbuildEvent[] = [];
  return {
    tree,
    out: join(tree.directory, "out"),
    stateDirectory,
    imageDirectory,
    events,
    build: (options = {}) =>
      buildIso(
        { directory: tree.directory, ...options },
        { containerHost: docker, imageDirectories: [imageDirectory], stateDirectory, report: (event) => events.push(event) },
      ),
    lines: () => events.flatMap((event) => (event.kind === "log.written" ? [event.text] : [])),
  };
}

/** The builder under its reference. @returns what a pin of it says */
export async function loadBuilder(docker: Docker, name = TEST_BUILDER, changes?: string): Promise<PinnedDigests> {
  const reference = `rbuild/${name}:1`;
  const there = await docker
    .getImage(reference)
    .inspect()
    .catch(() => undefined);
  if (there) return digestsOf(docker, there);
  const stream = await docker.importImage(await builderRootfsTar(), { repo: `rbuild/${name}`, tag: "1", ...(changes ? { changes } : {}) });
  await new Promise((resolve, reject) => docker.modem.followProgress(stream, (error) => (error ? reject(error) : resolve(undefined))));
  return digestsOf(docker, await docker.getImage(reference).inspect());
}

export interface PinnedDigests {
  readonly imageId: string;
  readonly digest: string;
}

async function digestsOf(docker: Docker, inspected: Docker.ImageInspectInfo): Promise<PinnedDigests> {
  const imageId = inspected.Id;
  await using memory = await makeTempDirectory("/var/tmp", "rbuild-digests-");
  const { digest } = await identifyImage(inspected, { imageId, digest: "" }, { containerHost: docker, stateDirectory: memory.path });
  if (digest === undefined) throw new Error(`${imageId} is not given back as it was imported`);
  return { imageId, digest };
}

/** A definition of an image that nobody will build here, pinned to the given digests. */
export async function writeDefinition(imageDirectory: string, name: string, { imageId, digest }: PinnedDigests): Promise<void> {
  const directory = join(imageDirectory, name);
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, "image.yaml"), `name: ${name}\nversion: "1"\nsuites: [{ suite: bookworm }]\n`);
  const pin = { name, version: "1", architecture: hostPlatform().architecture, digest, imageId };
  await writeFile(join(directory, "image.pin.json"), JSON.stringify(pin));
}

/** Containers of any build on the host. */
export async function buildContainers(docker: Docker): Promise<string[]> {
  const filters = JSON.stringify({ label: ["org.rbuild.build"] });
  return (await docker.listContainers({ all: true, filters })).map(({ Names }) => Names.join(" "));
}
