import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { type Digest, digestHex } from "../../../oci/index.ts";
import { RbuildError, readFileIfExists, writeFileAtomic } from "../../../system/index.ts";
import { type MetadataValue, readCanonical, writeCanonical } from "../../trust/format/canonical.ts";
import { digestField, repositoryField, versionField } from "../../trust/format/fields.ts";
import { isRefusal } from "../../trust/refusal.ts";

const shownSchema = z.strictObject({ version: versionField, sha256: digestField });
const schema = z.strictObject({
  type: z.literal("publisher-memory"),
  formatVersion: z.literal(1),
  repository: repositoryField,
  index: shownSchema.exactOptional(),
  freshness: shownSchema.exactOptional(),
  /** The highest numbers that others were asked to sign: what they signed counts, also where it is never shown. */
  prepared: z.strictObject({ index: versionField, freshness: versionField }).exactOptional(),
});
const MAX_MEMORY_BYTES = 4096;

/** The newest of one repository that this user has published from this machine. */
export type PublisherMemory = Readonly<Partial<Record<"index" | "freshness", z.infer<typeof shownSchema>>>>;
/** The same, and what was prepared. */
export type PublisherNumbers = PublisherMemory & Readonly<Pick<z.infer<typeof schema>, "prepared">>;

/** Of a repository by its first root, as clients remember it. */
export function publisherMemoryPath(stateDirectory: string, origin: Digest): string {
  return join(stateDirectory, "published", `${digestHex(origin)}.json`);
}

/** @throws RbuildError `repository.memory-damaged`: never taken for a first publication */
export async function readPublisherMemory(path: string): Promise<PublisherNumbers> {
  const bytes = await readFileIfExists(path, MAX_MEMORY_BYTES);
  if (!bytes) return {};
  const read = readCanonical(bytes, path, MAX_MEMORY_BYTES);
  const parsed = isRefusal(read) ? undefined : schema.safeParse(read.value);
  if (parsed?.success) return parsed.data;
  throw new RbuildError("repository.memory-damaged", `${path}, where this machine remembers what it has published, cannot be read`, {
    hint: `if you know why, remove ${path}; publishing from an old copy is then not recognised as such`,
    details: { path },
  });
}

/** Remembers more of a repository; of numbers never less than before. @throws RbuildError `repository.not-remembered` */
export async function remember(path: string, repository: string, before: PublisherNumbers, more: PublisherNumbers): Promise<void> {
  const numbers: Record<string, MetadataValue> = {};
  for (const kind of ["index", "freshness"] as const) {
    const newer = (before[kind]?.version ?? 0) > (more[kind]?.version ?? 0) ? before[kind] : (more[kind] ?? before[kind]);
    if (newer) numbers[kind] = newer;
  }
  const highest = (kind: "index" | "freshness") => Math.max(before.prepared?.[kind] ?? 1, more.prepared?.[kind] ?? 1);
  if (before.prepared ?? more.prepared) numbers["prepared"] = { index: highest("index"), freshness: highest("freshness") };
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeFileAtomic(path, writeCanonical({ type: "publisher-memory", formatVersion: 1, repository, ...numbers }));
  } catch (error) {
    const what = more.prepared ? "it is prepared" : "it is published";
    throw new RbuildError("repository.not-remembered", `${what}, but ${path}, which remembers that, could not be written: ${String(error)}`, {
      category: "failed",
      cause: error,
    });
  }
}
