import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { execa } from "execa";
import { writeRoot } from "../../test/support/repository/publish-lab.ts";
import { testKey } from "../../test/support/trust/test-keys.ts";

const repository = resolve(import.meta.dirname, "../..");
const rbuild = join(repository, "bin/rbuild");

export interface PublishedImages {
  /** Of the repository: a directory. */
  readonly directory: string;
  /** A checkout's `keys/`. */
  readonly keys: string;
  /** Digests of manifests by the images' names. */
  readonly digests: ReadonlyMap<string, string>;
}

/** The pinned images as a client of `image publish` gets them, layers also as they are, in a new directory below `directory`. */
export async function publishImages(names: readonly string[], directory: string): Promise<PublishedImages> {
  const [keys, published] = [join(directory, "keys"), join(directory, "repository")];
  await mkdir(keys);
  const [owner, publisher, cron] = await Promise.all([testKey("owner"), testKey("publisher"), testKey("cron")]);
  await writeRoot(keys, owner, { root: owner, publisher, freshness: cron });
  const signers = [];
  for (const [option, key] of [["--signer", publisher] as const, ["--freshness-signer", cron] as const]) {
    const path = join(directory, `${option.slice(2)}.key`);
    await writeFile(path, key.privateKey.armor(), { mode: 0o600 });
    signers.push(option, path);
  }
  const engine = ["--engine-root", join(directory, "publisher"), "--run-root", join(directory, "publisher-run"), "--quiet"];
  await execa(rbuild, [...engine, "image", "build", ...names], { cwd: repository });
  await execa(rbuild, [...engine, "image", "publish", published, ...names, "--keys", keys, ...signers, "--uncompressed"], { cwd: repository });
  const digests = names.map(async (name) => {
    const { digest } = JSON.parse(await readFile(join(repository, "images", name, "image.pin.json"), "utf8")) as { digest: string };
    return [name, digest] as const;
  });
  return { directory: published, keys, digests: new Map(await Promise.all(digests)) };
}
