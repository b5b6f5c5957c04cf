import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { entriesBelow } from "../../../../system/entries-below.ts";
import { isRbuildError, isSystemError, RbuildError, readFileIfExists, syncDirectory, writeFileAtomic } from "../../../../system/index.ts";
import { MAX_BYTES } from "../../../trust/limits.ts";
import { filesOf, type IndexContent } from "../index-content.ts";
import { hasFile, type Staging } from "../staging.ts";
import { outdated } from "./check-follows.ts";
import { MAX_REQUEST_BYTES, readRequest, type SigningRequest } from "./signing-request.ts";

/** Which of the two signed files. */
export type Part = "index" | "freshness";

/** A publication that waits in `.publish/prepared/` until enough have signed it. No client sees anything of it. */
export interface Prepared {
  readonly directory: string;
  readonly request: SigningRequest;
  /** Signature files so far. */
  readonly signatures: Readonly<Partial<Record<Part, Uint8Array>>>;
}

const REQUEST = "request.json";
const FILES = "files";
const signatureName = (part: Part): string => `${part}.asc`;

/** What waits in a directory, nothing, or why that cannot be told: a `repository.request-damaged` that names the file and what mends it. */
export async function readPrepared({ prepared: directory }: Staging, repository: string): Promise<Prepared | RbuildError | undefined> {
  const path = join(directory, REQUEST);
  let request: SigningRequest;
  try {
    const bytes = await readFileIfExists(path, MAX_REQUEST_BYTES);
    if (!bytes) return undefined;
    request = readRequest(bytes, path);
  } catch (error) {
    if (!isRbuildError(error)) throw error;
    return new RbuildError("repository.request-damaged", `what waits for signatures cannot be read: ${error.message}`, {
      category: "invalid",
      hint: `rbuild image publish ${repository} --abandon; then --prepare it anew`,
      details: { path },
      cause: error,
    });
  }
  const signatures: Partial<Record<Part, Uint8Array>> = {};
  for (const part of ["index", "freshness"] as const) {
    const signature = await readFileIfExists(join(directory, signatureName(part)), MAX_BYTES.signature);
    if (signature) signatures[part] = signature;
  }
  return { directory, request, signatures };
}

/** Sets everything that is staged aside, in the place of what was prepared before. */
export async function setAside(staging: Staging, request: Uint8Array, signatures: Prepared["signatures"]): Promise<void> {
  const made = join(staging.scratch, "prepared");
  await mkdir(made, { mode: 0o700 }); // also where the directory itself is served
  await rename(staging.incoming, join(made, FILES));
  for (const part of ["index", "freshness"] as const) if (signatures[part]) await writeFileAtomic(join(made, signatureName(part)), signatures[part]);
  await writeFileAtomic(join(made, REQUEST), request);
  const directories = [made];
  await staging.own(made);
  for (const entry of await entriesBelow(made)) {
    const path = join(entry.parentPath, entry.name);
    await staging.own(path);
    if (entry.isDirectory()) directories.push(path);
  }
  for (const directory of directories) await syncDirectory(directory);
  await dropPrepared(staging);
  await rename(made, staging.prepared);
  await syncDirectory(join(staging.prepared, ".."));
}

/** Signatures that have come since, kept whatever happens next. */
export async function keepSignatures(staging: Staging, signatures: Prepared["signatures"]): Promise<void> {
  for (const part of ["index", "freshness"] as const) {
    const signature = signatures[part];
    if (!signature) continue;
    const path = join(staging.prepared, signatureName(part));
    await writeFileAtomic(path, signature);
    await staging.own(path);
  }
}

/**
 * Stages the files of `content` that were set aside; they stay there too, until `dropPrepared`. Nothing else that may lie there is shown.
 * They may have lain there for weeks, and clients refuse other bytes than those that were signed: so all that is new of it is hashed.
 * @throws RbuildError `repository.prepared-outdated`: what is new of it is not there any more, or damaged
 */
export async function stagePrepared(
  staging: Staging,
  { directory, before, content }: { readonly directory: string; readonly before: IndexContent; readonly content: IndexContent },
): Promise<void> {
  const files = join(staging.prepared, FILES);
  const known = filesOf(before);
  for (const [path, file] of filesOf(content)) {
    if (await hasFile(files, file, true)) await staging.link(path, join(files, path));
    else if (!known.has(path) && !(await hasFile(directory, file, true))) throw outdated(`its ${path} is gone, or has other bytes`, { path });
  }
}

/** False when nothing waited. */
export async function dropPrepared(staging: Staging): Promise<boolean> {
  const old = join(staging.scratch, "dropped");
  try {
    await rename(staging.prepared, old);
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return false;
    throw error;
  }
  await rm(old, { recursive: true, force: true });
  return true;
}
