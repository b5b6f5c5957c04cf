import { basename, dirname, join } from "node:path";
import { canonicalJson, digestOf } from "../../oci/index.ts";
import { RbuildError, readFileIfExists } from "../../system/index.ts";
import { type ImageLock, imageLockSchema, LOCK_FILE, type LockedPackage, MAX_LOCK_BYTES } from "./image-lock.ts";

/**
 * The lock beside a definition, or undefined when it has none.
 * @throws RbuildError `lock.invalid`, `lock.duplicate-package`
 */
export async function readLock(directory: string): Promise<ImageLock | undefined> {
  const path = join(directory, LOCK_FILE);
  const bytes = await readFileIfExists(path, MAX_LOCK_BYTES);
  return bytes && parseLock(bytes.toString("utf8"), path);
}

/** @param path names the text in errors */
export function parseLock(text: string, path: string): ImageLock {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw invalid(path, `it is not JSON: ${(error as Error).message}`, error);
  }
  const parsed = imageLockSchema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw invalid(path, `${issue?.path.map(String).join(".") || "it"}: ${issue?.message ?? "does not fit"}`);
  }
  const lock = parsed.data;
  if (digestOf(canonicalJson(lock.wanted)) !== lock.definition) throw invalid(path, "definition is not the digest of wanted");
  for (const [architecture, locked] of Object.entries(lock.architectures)) {
    checkOrder(locked.packages, path, `architectures.${architecture}.packages`);
    checkOrder(locked.offers, path, `architectures.${architecture}.offers`);
    checkUnique([...locked.packages, ...locked.offers], path, architecture);
  }
  checkArchives(lock, path);
  return lock;
}

function checkUnique(packages: readonly LockedPackage[], path: string, architecture: string): void {
  const seen = new Map<string, string>();
  for (const { name, version } of packages) {
    const other = seen.get(name);
    if (other !== undefined) {
      throw new RbuildError("lock.duplicate-package", `${path} has ${name} twice for ${architecture}, with the versions ${other} and ${version}`, {
        category: "invalid",
        hint: mend(path),
        details: { path, architecture, package: name, versions: [other, version] },
      });
    }
    seen.set(name, version);
  }
}

function checkOrder(packages: readonly LockedPackage[], path: string, field: string): void {
  for (const [index, { name }] of packages.entries()) {
    const before = packages[index - 1]?.name;
    if (before !== undefined && before > name)
      throw invalid(path, `${field}.${index}: ${name} stands after ${before}; packages are in the order of their names' bytes`);
  }
}

function checkArchives({ archives, architectures }: ImageLock, path: string): void {
  const suites = archives.map(({ archive, suite }) => `${archive} ${suite}`);
  if (new Set(suites).size !== suites.length) throw invalid(path, "archives: a suite is there twice");
  const known = new Set(archives.map(({ archive }) => archive));
  for (const locked of Object.values(architectures)) {
    const stray = [...locked.packages, ...locked.offers].find(({ archive }) => !known.has(archive));
    if (stray) throw invalid(path, `${stray.name} is of the archive ${stray.archive}, which archives does not have`);
  }
}

/** Locks lie in the directory that is called as their image. */
function mend(path: string): string {
  const image = basename(dirname(path));
  return `git checkout the file, or choose anew: rbuild image lock --refresh ${/^[a-z0-9]/.test(image) ? image : "NAME"}`;
}

function invalid(path: string, why: string, cause?: unknown): RbuildError {
  return new RbuildError("lock.invalid", `${path} is no lock: ${why}`, {
    category: "invalid",
    hint: mend(path),
    cause,
    details: { path },
  });
}
