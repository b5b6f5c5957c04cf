import { cp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { execa } from "execa";
import { type Digest, digestHex, parseDigest } from "../../src/oci/index.ts";
import type { BlobFile } from "../../src/rbuild/repository/delta/delta.ts";

const repository = resolve(import.meta.dirname, "../..");
const rbuild = join(repository, "bin/rbuild");
/** What the newer release takes its packages from besides. */
const UPDATES = `  - suite: bookworm-updates
    components: [main]
  - suite: bookworm-security
    archive: debian-security
    components: [main]
`;

/** The packages of an image's lock that matter to whoever downloads them. */
interface LockedPackage {
  readonly sha256: Digest;
  readonly size: number;
}

export interface Release extends ImageFiles {
  readonly name: string;
  readonly version: string;
  /** The image's own layer, the topmost. */
  readonly layer: BlobFile;
  readonly packages: readonly LockedPackage[];
  /** Milliseconds that the build took, its packages on this disk or not. */
  readonly built: number;
}

/** Images as they are locked here, and again with the archive's updates and security fixes as of today. */
export async function buildTwoReleases(
  names: readonly string[],
  directory: string,
): Promise<ReadonlyMap<string, { readonly before: Release; readonly after: Release }>> {
  const newer = join(directory, "newer");
  await cp(join(repository, "images"), join(newer, "images"), { recursive: true });
  await execa("git", ["init", "--quiet", newer]);
  for (const name of await readdir(join(newer, "images"))) {
    for (const file of ["image.lock.json", "image.lock.d", "image.pin.json"]) await rm(join(newer, "images", name, file), { recursive: true, force: true });
    const path = join(newer, "images", name, "image.yaml");
    const definition = await readFile(path, "utf8");
    await writeFile(path, definition.replace(/^(version: .*)$/m, "$1-next").replace(/( {2}- suite: bookworm\n {4}components: \[main\]\n)/, `$1${UPDATES}`));
  }
  const engine = join(directory, "engine");
  const run = (tree: string, ...words: string[]) =>
    execa(rbuild, ["-C", tree, "--quiet", "--engine-root", engine, "--run-root", join(directory, "run"), "image", ...words]);
  await run(newer, "lock", ...names);
  const releases = new Map<string, { before: Release; after: Release }>();
  for (const name of names) {
    const release = async (tree: string): Promise<Release> => {
      const start = performance.now();
      await run(tree, "build", name);
      const built = performance.now() - start;
      const version = await versionOf(tree, name);
      const files = await imageFiles(join(engine, "image"), `rbuild/${name}:${version}`);
      const layer = files.layers.at(-1);
      if (!layer) throw new Error(`${name} has no layers`);
      return { name, version, ...files, layer, packages: await lockedPackages(tree, name), built };
    };
    releases.set(name, { before: await release(repository), after: await release(newer) });
  }
  return releases;
}

async function versionOf(tree: string, name: string): Promise<string> {
  return /^version: (.+)$/m.exec(await readFile(join(tree, "images", name, "image.yaml"), "utf8"))?.[1] ?? "";
}

async function lockedPackages(tree: string, name: string): Promise<LockedPackage[]> {
  const lock = JSON.parse(await readFile(join(tree, "images", name, "image.lock.json"), "utf8")) as {
    architectures: Record<string, { packages: LockedPackage[] }>;
  };
  return Object.values(lock.architectures).flatMap(({ packages }) => packages);
}

interface Described {
  readonly digest: string;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** The blobs of an image, layers bottom first. */
interface ImageFiles {
  readonly manifest: BlobFile;
  readonly config: BlobFile;
  readonly layers: readonly BlobFile[];
}

/** From an engine's OCI image layout. */
async function imageFiles(layout: string, reference: string): Promise<ImageFiles> {
  const read = async (path: string) => JSON.parse(await readFile(join(layout, path), "utf8")) as unknown;
  const blob = (digest: string) => `blobs/sha256/${digestHex(parseDigest(digest))}`;
  const index = (await read("index.json")) as { manifests: Described[] };
  const image = index.manifests.find(({ annotations }) => annotations?.["org.opencontainers.image.ref.name"] === reference);
  if (!image) throw new Error(`the engine has no ${reference}`);
  const { config, layers } = (await read(blob(image.digest))) as { config: Described; layers: Described[] };
  const file = ({ digest, size }: Described): BlobFile => ({ path: join(layout, blob(digest)), digest: parseDigest(digest), size });
  return { manifest: file(image), config: file(config), layers: layers.map(file) };
}
