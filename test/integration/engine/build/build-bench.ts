import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { BuildEvent, BuildOptions } from "../../../../src/engine/build/builder.ts";
import { createBuilder } from "../../../../src/engine/build/open-builder.ts";
import { openDirContentStore } from "../../../../src/engine/content/dir-content-store.ts";
import { openImageStore } from "../../../../src/engine/images/open-image-store.ts";
import type { Containers, Image, ImageStore } from "../../../../src/engine/index.ts";
import { openOverlaySnapshotter } from "../../../../src/engine/snapshots/open-overlay-snapshotter.ts";
import { collectGarbage } from "../../../../src/engine/store/collect-garbage.ts";
import { makeTempDirectory, readTar, readTool, run, textOf } from "../../../../src/system/index.ts";

/** A builder over a real store of its own, without containers: for everything but RUN. */
export interface BuildBench extends AsyncDisposable {
  readonly path: string;
  readonly root: string;
  readonly images: ImageStore;
  /** Builds a context given as path → content; `Dockerfile` among them. */
  readonly build: (files: Files, options?: Partial<BuildOptions>) => Promise<Built>;
  readonly sweep: () => Promise<void>;
  /** Collects garbage. Returns the names of what the cache remembers. */
  readonly collect: () => Promise<readonly string[]>;
  /** Every entry of an image's layers after its base: `path mode uid:gid kind`, sorted as stored. */
  readonly entries: (image: Image, layer?: number) => Promise<readonly string[]>;
  /** Content of a file in the image's files, or a link's target after `->`. */
  readonly read: (image: Image, path: string) => Promise<string>;
}

export type Files = Readonly<
  Record<string, string | Buffer | { readonly link: string } | { readonly fifo: true } | { readonly mode: number; readonly text: string }>
>;

export interface Built {
  readonly image: Image;
  readonly events: readonly BuildEvent[];
  /** `started`, `cached` or `finished` of each step, in order. */
  readonly outcomes: readonly string[];
}

const noContainers = new Proxy({} as Containers, {
  get: (_, name) => (name === "list" ? async () => [] : () => Promise.reject(new Error(`containers.${String(name)} is not to be used here`))),
});

export async function buildBench(): Promise<BuildBench> {
  const scratch = await makeTempDirectory("/var/tmp", "rbuild-build-");
  const root = join(scratch.path, "root");
  const content = await openDirContentStore({ root, sync: false });
  const snapshots = await openOverlaySnapshotter({ root, sync: false });
  const images = await openImageStore({ root, content, snapshots, sync: false });
  const builder = createBuilder({ root, content, images, snapshots, containers: noContainers });
  let count = 0;
  return {
    path: scratch.path,
    root,
    images,
    sweep: () => builder.sweep(),
    async collect() {
      await collectGarbage({ root, content, snapshots });
      await builder.pruneCache();
      return await readdir(join(root, "build-cache"));
    },
    async build(files, options = {}) {
      const directory = join(scratch.path, `context-${++count}`);
      await writeFiles(directory, files);
      const events: BuildEvent[] = [];
      const context = readTool("tar", ["--create", "--format=posix", `--directory=${directory}`, "."]);
      const image = await builder.build({ context, ...options }, (event) => void events.push(event));
      const outcomes = events.flatMap(({ kind }) => (kind === "step.cached" || kind === "step.finished" ? kind.slice("step.".length) : []));
      return { image, events, outcomes };
    },
    async entries(image, layer) {
      const lines: string[] = [];
      const layers = layer === undefined ? image.manifest.layers : image.manifest.layers.slice(layer, layer + 1);
      for (const descriptor of layers) {
        for await (const { path, mode, uid, gid, kind } of readTar(content.open(descriptor)))
          lines.push(`${textOf(path)} ${mode.toString(8)} ${uid}:${gid} ${kind}`);
      }
      return lines;
    },
    async read(image, path) {
      const top = await images.unpack(image);
      const target = join(scratch.path, "look");
      await snapshots.mount(top as never, target, { readOnly: true });
      try {
        return (await run("sh", ["-c", 'if [ -L "$1" ]; then printf "%s" "-> $(readlink "$1")"; else cat "$1"; fi', "sh", join(target, path)])).stdout;
      } finally {
        await snapshots.unmount(target);
      }
    },
    async [Symbol.asyncDispose]() {
      await builder.sweep();
      const left = await readdir(join(root, "builds")).catch(() => []);
      await scratch[Symbol.asyncDispose]();
      if (left.length > 0) throw new Error(`builds left ${left.join(", ")}`);
    },
  };
}

async function writeFiles(directory: string, files: Files): Promise<void> {
  await rm(directory, { recursive: true, force: true });
  for (const [path, content] of Object.entries(files)) {
    const target = join(directory, path);
    await mkdir(dirname(target), { recursive: true });
    if (typeof content === "string" || Buffer.isBuffer(content)) await writeFile(target, content, { mode: 0o644 });
    else if ("fifo" in content) await run("mkfifo", [target]);
    else if ("link" in content) await run("ln", ["-s", content.link, target]);
    else {
      await writeFile(target, content.text);
      await run("chmod", [content.mode.toString(8), target]);
    }
  }
}
