import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { digestHex, digestOf } from "../../../src/oci/index.ts";
import type { MetadataValue } from "../../../src/rbuild/trust/format/canonical.ts";
import type { RepositoryIndex } from "../../../src/rbuild/trust/format/index-file.ts";
import { repositoryPaths } from "../../../src/rbuild/trust/format/paths.ts";
import { scratchDirectory } from "../scratch.ts";
import { TestRepository } from "../trust/test-repository.ts";
import type { TwoReleases } from "./two-releases.ts";

type Fields = { readonly [key: string]: MetadataValue };

interface SignedFile {
  readonly path: string;
  readonly sha256: string;
  readonly size: number;
}

interface LieTools {
  /** Puts a file where its digest says, and gives what an index says of it. */
  readonly put: (kind: "deltas" | "encoded", extension: "zst" | "gz", bytes: Uint8Array) => Promise<SignedFile>;
}

/** A copy of the second release, with another index that is signed as it should be. */
export async function lyingPublisher(
  { second, lab }: TwoReleases,
  lie: (index: RepositoryIndex, tools: LieTools) => Promise<Partial<Record<keyof RepositoryIndex, unknown>>>,
): Promise<string> {
  const directory = await scratchDirectory();
  await cp(second, directory, { recursive: true });
  const write = async (path: string, bytes: Uint8Array) => {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), bytes);
  };
  const readJson = async <T>(path: string) => JSON.parse(await readFile(join(directory, path), "utf8")) as T;
  const { freshness } = await readJson<{ readonly freshness: { readonly version: number } }>(repositoryPaths.current);
  const { index } = await readJson<{ readonly index: Pick<RepositoryIndex, "version"> & { readonly sha256: `sha256:${string}` } }>(
    repositoryPaths.freshness(freshness.version),
  );
  const honest = await readJson<RepositoryIndex>(repositoryPaths.index(index.version, index.sha256 as never));
  const tools: LieTools = {
    async put(kind, extension, bytes) {
      const sha256 = digestOf(bytes);
      const path = `${kind}/sha256/${digestHex(sha256)}.${extension}`;
      await write(path, bytes);
      return { path, sha256, size: bytes.byteLength };
    },
  };
  const { type: _type, formatVersion: _format, version: _version, ...fields } = { ...honest, ...(await lie(honest, tools)) };
  const repository = new TestRepository();
  await repository.putState({
    index: honest.version + 1,
    freshness: freshness.version + 1,
    publishers: [lab.publisher],
    freshnessKeys: [lab.cron],
    indexFields: fields as Fields,
  });
  for (const [path, bytes] of repository.files) await write(path, bytes);
  return directory;
}
