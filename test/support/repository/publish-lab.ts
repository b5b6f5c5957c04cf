import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pinImage } from "../../../src/rbuild/images/pin-image.ts";
import { planPublication } from "../../../src/rbuild/repository/publish/plan-publication.ts";
import type { PublishDependencies, PublishOptions, PublishOutcome, PublishPlan } from "../../../src/rbuild/repository/publish/publication.ts";
import { publishImages } from "../../../src/rbuild/repository/publish/publish-images.ts";
import type { TrustedRoot } from "../../../src/rbuild/trust/client/root-chain.ts";
import { readCheckout } from "../../../src/rbuild/trust/index.ts";
import type { TestPackage } from "../apt-archive/index.ts";
import { type ImageLab, openImageLab } from "../images/image-lab.ts";
import { NOW, type TestKey, testKey } from "../trust/test-keys.ts";
import { type RoleKeys, TestRepository } from "../trust/test-repository.ts";

/** Keys, a checkout's `keys/`, an engine with small images, and an empty place for a repository. */
export interface PublishLab extends AsyncDisposable {
  readonly images: ImageLab;
  readonly directory: string;
  readonly keys: string;
  readonly repository: string;
  readonly owner: TestKey;
  readonly publisher: TestKey;
  readonly cron: TestKey;
  /** Defines, builds and pins `small`, whose layer has half a megabyte that hardly changes between versions, on top of `ground`. */
  release(version: string): Promise<void>;
  publish(options?: Partial<PublishOptions>, dependencies?: Partial<PublishDependencies>): Promise<PublishOutcome>;
  plan(options?: Partial<PublishOptions>): Promise<PublishPlan>;
  dependencies(more?: Partial<PublishDependencies>): Promise<PublishDependencies>;
  roots(): Promise<readonly TrustedRoot[]>;
}

export const publishOptions = (directory: string): PublishOptions => ({
  directory,
  names: [],
  channel: "stable",
  promotions: [],
  encodings: {},
  deltas: 3,
  life: { freshness: 14, index: 180, atLeast: 3 },
});

export async function openPublishLab(): Promise<PublishLab> {
  await using stack = new AsyncDisposableStack();
  const directory = await mkdtemp("/var/tmp/rbuild-publish-lab-");
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const images = stack.use(await openImageLab());
  const [owner, publisher, cron] = await Promise.all([testKey("owner"), testKey("publisher"), testKey("cron")]);
  const [keys, repository] = [join(directory, "keys"), join(directory, "repository")];
  await writeRoot(keys, owner, { root: owner, publisher, freshness: cron });
  await images.define("ground", {}, { packages: [groundPackage] });
  await images.build("ground");
  await pinImage({ name: "ground", offline: true }, images.dependencies);
  const roots = async () => {
    const checkout = await readCheckout(keys, NOW);
    if (checkout.kind === "refused") throw new Error(checkout.message);
    return checkout.roots;
  };
  const dependencies = async (more: Partial<PublishDependencies> = {}): Promise<PublishDependencies> => ({
    ...images.dependencies,
    roots: await roots(),
    clock: { now: () => NOW },
    openHost: async () => images.docker,
    openSigners: async () => [publisher.signer, cron.signer],
    ...more,
  });
  const kept = stack.move();
  return {
    images,
    directory,
    keys,
    repository,
    owner,
    publisher,
    cron,
    async release(version) {
      await images.define("small", { from: "ground", version }, { packages: [smallPackage(version)] });
      await pinImage({ name: "small", offline: true }, images.dependencies);
    },
    publish: async (options = {}, more = {}) => publishImages({ ...publishOptions(repository), ...options }, await dependencies(more)),
    plan: async (options = {}) => planPublication({ ...publishOptions(repository), ...options }, await dependencies({})),
    dependencies,
    roots,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** The next root of `keys/`. */
export async function writeRoot(
  keys: string,
  owner: TestKey,
  roles: Readonly<Record<"root" | "publisher" | "freshness", TestKey>>,
  rebuilder?: RoleKeys,
): Promise<void> {
  const repository = new TestRepository();
  const before = (await readdir(join(keys, "root")).catch(() => [])).filter((name) => name.endsWith(".json"));
  for (const name of before) repository.files.set(`root/${name}`, new Uint8Array(await readFile(join(keys, "root", name))));
  const single = (key: TestKey) => ({ keys: [key], threshold: 1 });
  const { root, publisher, freshness } = roles;
  const named = { root: single(root), publisher: single(publisher), freshness: single(freshness), ...(rebuilder ? { rebuilder } : {}) };
  await repository.putRoot(before.length + 1, named, [owner]);
  for (const [path, bytes] of repository.files) {
    await mkdir(dirname(join(keys, path)), { recursive: true });
    await writeFile(join(keys, path), bytes);
  }
}

/** What does not compress, the same everywhere. */
function noise(seed: number, size: number): Buffer {
  const bytes = Buffer.alloc(size);
  let state = seed;
  for (let index = 0; index < size; index++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[index] = state >>> 24;
  }
  return bytes;
}

const groundPackage: TestPackage = {
  name: "ground",
  version: "1",
  architecture: "amd64",
  files: { "/usr/share/ground": { content: noise(1, 200_000), mode: 0o644 } },
};

function smallPackage(version: string): TestPackage {
  const content = Buffer.concat([noise(2, 400_000), Buffer.from(`version ${version}\n`), noise(3, 100_000)]);
  return { name: "small", version, architecture: "amd64", files: { "/usr/share/small": { content, mode: 0o644 } } };
}

/** Every file below a directory by its path: inode, time of change and size. */
export async function listFiles(directory: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const entry of await readdir(directory, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const { ino, mtimeMs, ctimeMs, size } = await stat(path);
    files.set(path.slice(directory.length + 1), `${ino} ${mtimeMs} ${ctimeMs} ${size}`);
  }
  return new Map([...files].sort(([left], [right]) => (left < right ? -1 : 1)));
}
