import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { BuiltDeb } from "./build-deb.ts";
import { type DirectoryServer, serveDirectory } from "./serve-directory.ts";
import { makeSigningKey, type SigningKey } from "./signing-key.ts";
import { type SuiteState, writeSuite } from "./write-suite.ts";

export interface TestArchive extends DirectoryServer {
  /** What is served: `dists/` and `pool/`. */
  readonly directory: string;
  readonly key: SigningKey;
  /** A file with the certificate of `key`. */
  readonly keyring: string;
  publish(state: SuiteState): Promise<readonly BuiltDeb[]>;
}

/** An empty archive in a directory of its own; disposing it stops the server and removes it. */
export async function openTestArchive(options: { readonly key?: SigningKey } = {}): Promise<TestArchive> {
  const work = await mkdtemp("/var/tmp/rbuild-archive-");
  try {
    const directory = work;
    const key = options.key ?? (await makeSigningKey());
    const keyring = join(work, "archive.gpg");
    await writeFile(keyring, key.certificate);
    const server = await serveDirectory(directory);
    return Object.assign(server, {
      directory,
      key,
      keyring,
      publish: (state: SuiteState) => writeSuite(directory, state, key),
      [Symbol.asyncDispose]: disposer(server[Symbol.asyncDispose], work),
    });
  } catch (error) {
    await rm(work, { recursive: true });
    throw error;
  }
}

function disposer(stop: () => PromiseLike<void>, work: string): () => Promise<void> {
  return async () => {
    await stop();
    await rm(work, { recursive: true, force: true });
  };
}
