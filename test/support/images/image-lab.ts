import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type Docker from "dockerode";
import { findDefinition, readDefinitions } from "../../../src/rbuild/definition/find-definition.ts";
import type { RbuildEvent } from "../../../src/rbuild/events.ts";
import { buildImage } from "../../../src/rbuild/images/build-image.ts";
import { COMPATIBILITY_VERSION } from "../../../src/rbuild/images/compatibility.ts";
import type { BuiltImage, ImageBuildOptions, ImageDependencies } from "../../../src/rbuild/images/image-operations.ts";
import { LOCK_FILE, type LockedPackage } from "../../../src/rbuild/lock/image-lock.ts";
import { lockDigest } from "../../../src/rbuild/lock/lock-digest.ts";
import { readLock } from "../../../src/rbuild/lock/read-lock.ts";
import { wantedOf } from "../../../src/rbuild/lock/wanted.ts";
import { openPool, poolDirectory } from "../../../src/rbuild/pool/open-pool.ts";
import type { Pool } from "../../../src/rbuild/pool/pool.ts";
import type { TestPackage } from "../apt-archive/index.ts";
import { openTestHost } from "../iso/container-host.ts";
import { lockPackages, smallLock } from "../small-lock.ts";

/** Definitions that come with rbuild. */
export const OWN_IMAGES = resolve(import.meta.dirname, "../../../images");

/** Small images of small packages, in an engine of their own; nothing in it needs a network. */
export interface ImageLab extends AsyncDisposable {
  readonly docker: Docker;
  readonly directory: string;
  readonly pool: Pool;
  readonly dependencies: ImageDependencies;
  readonly events: RbuildEvent[];
  /** Takes over a definition that comes with rbuild, with its lock and pin. */
  copyOwn(name: string): Promise<void>;
  /** Writes `image.yaml`, other files of its directory, and a lock with these packages, whose files are put into the pool. */
  define(name: string, fields: Readonly<Record<string, unknown>>, content?: LabContent): Promise<void>;
  build(name: string, options?: Omit<ImageBuildOptions, "name">): Promise<BuiltImage>;
}

export interface LabContent {
  readonly packages?: readonly TestPackage[];
  readonly offers?: readonly TestPackage[];
  readonly files?: Readonly<Record<string, string>>;
}

export async function openImageLab(host?: Docker): Promise<ImageLab> {
  await using stack = new AsyncDisposableStack();
  const directory = await mkdtemp("/var/tmp/rbuild-image-lab-");
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const [images, stateDirectory, debs] = [join(directory, "images"), join(directory, "state"), join(directory, "debs")];
  await mkdir(images);
  await mkdir(debs);
  const docker = host ?? stack.use(await openTestHost()).docker;
  const pool = await openPool(poolDirectory(stateDirectory));
  const events: RbuildEvent[] = [];
  const dependencies = { containerHost: docker, imageDirectories: [images], stateDirectory, report: (event: RbuildEvent) => void events.push(event) };
  const kept = stack.move();
  return {
    docker,
    directory,
    pool,
    dependencies,
    events,
    copyOwn: (name) => cp(join(OWN_IMAGES, name), join(images, name), { recursive: true }),
    async define(name, fields, { packages = [], offers = [], files = {} } = {}) {
      const own = "from" in fields ? {} : { suites: [{ suite: "bookworm" }], variant: "extract" };
      const names = (some: readonly TestPackage[]) => some.map((each) => each.name);
      const wanted = { ...(packages.length > 0 ? { packages: names(packages) } : {}), ...(offers.length > 0 ? { offers: names(offers) } : {}) };
      // JSON is YAML.
      const texts = { "image.yaml": JSON.stringify({ name, version: "1", ...own, ...wanted, ...fields }), ...files };
      for (const [path, text] of Object.entries(texts)) {
        await mkdir(dirname(join(images, name, path)), { recursive: true });
        await writeFile(join(images, name, path), text);
      }
      const locked = { packages: await lockPackages(debs, pool, packages), offers: await lockPackages(debs, pool, offers) };
      await writeLabLock(name, images, locked);
    },
    build: (name, options = {}) => buildImage({ name, offline: true, ...options }, dependencies),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

interface LockedParts {
  readonly packages: readonly LockedPackage[];
  readonly offers: readonly LockedPackage[];
}

async function writeLabLock(name: string, images: string, { packages, offers }: LockedParts): Promise<void> {
  const located = await findDefinition(name, [images]);
  const below = (await readDefinitions(name, [images])).at(-2);
  const lowest = below && (await readLock(below.directory));
  const from = below && lowest ? { from: { name: below.definition.name, lock: lockDigest(lowest) } } : {};
  const lock = smallLock(name, packages, {
    compatibilityVersion: COMPATIBILITY_VERSION,
    sourceDateEpoch: Math.max(1_700_000_000, lowest?.sourceDateEpoch ?? 0),
    wanted: await wantedOf(located),
    architectures: { amd64: { packages: [...packages], offers: [...offers] } },
    ...from,
  });
  await writeFile(join(located.directory, LOCK_FILE), JSON.stringify(lock));
}
