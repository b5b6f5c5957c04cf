import { type Digest, parseReference, shortDigest } from "../../oci/index.ts";
import { isRbuildError } from "../../system/index.ts";
import type { FsckReport } from "../engine.ts";
import { ImageIndex, type IndexEntry } from "../images/image-index.ts";
import { openImage } from "../images/open-image.ts";
import { checkSnapshots } from "./check-snapshots.ts";
import { storeLayout } from "./layout.ts";
import { takeLease, tryExclusive } from "./lease.ts";
import { deadFiles } from "./owned-file.ts";
import { neededBy } from "./reachable.ts";
import type { StoreParts } from "./store-parts.ts";

export type Finding = FsckReport["findings"][number];

const COLLECT = "rbuild engine gc";

/** Reads the whole store again: every blob, every image, every snapshot. Changes nothing. */
export async function checkStore(parts: StoreParts, options: { readonly signal?: AbortSignal } = {}): Promise<FsckReport> {
  const isQuiet = await isNobodyAdding(parts.root);
  await using _lease = await takeLease(parts.root, options);
  const layout = storeLayout(parts.root);
  const findings: Finding[] = [];
  const entries = await new ImageIndex(layout, { sync: true }).read().catch((error: unknown): readonly IndexEntry[] => {
    findings.push(findingOf(error, layout.index, "rbuild engine fsck"));
    return [];
  });
  const blobs = await checkBlobs(parts, await hintsByBlob(entries, parts), findings, options.signal);
  const images = await checkImages(entries, parts, findings);
  const snapshots = await checkSnapshots(parts, { layout, isQuiet }, findings);
  for (const path of await deadFiles(layout.ingest)) {
    findings.push({ code: "store.leftover", object: path, message: "a process died while it stored this blob", hint: COLLECT });
  }
  return { checked: { blobs, images, ...snapshots }, findings };
}

async function isNobodyAdding(root: string): Promise<boolean> {
  await using alone = await tryExclusive(root);
  return alone !== undefined;
}

/** What mends a damaged blob: whatever makes an image again that needs it. */
async function hintsByBlob(entries: readonly IndexEntry[], { content }: StoreParts): Promise<ReadonlyMap<Digest, string>> {
  const hints = new Map<Digest, string>();
  for (const { manifest, reference } of entries) {
    for (const digest of (await neededBy(manifest, content)).blobs)
      hints.set(digest, reference === undefined ? (hints.get(digest) ?? "rbuild image prune --nameless") : rebuildHint(reference));
  }
  return hints;
}

/** @returns how many were read */
async function checkBlobs({ content }: StoreParts, hints: ReadonlyMap<Digest, string>, findings: Finding[], signal: AbortSignal | undefined): Promise<number> {
  let count = 0;
  for await (const blob of content.list()) {
    signal?.throwIfAborted();
    count++;
    try {
      for await (const _ of content.open(blob, signal ? { signal } : {}));
    } catch (error) {
      signal?.throwIfAborted();
      findings.push(findingOf(error, blob.digest, hints.get(blob.digest) ?? COLLECT));
    }
  }
  return count;
}

async function checkImages(entries: readonly IndexEntry[], { content }: StoreParts, findings: Finding[]): Promise<number> {
  const manifests = new Map(entries.map((entry) => [entry.manifest.digest, entry.manifest]));
  for (const manifest of manifests.values()) {
    const names = entries.flatMap(({ manifest: { digest }, reference }) => (digest === manifest.digest && reference !== undefined ? [reference] : []));
    const [name] = names;
    const object = name ?? shortDigest(manifest.digest);
    const hint = name === undefined ? COLLECT : rebuildHint(name);
    try {
      const image = await openImage(content, manifest);
      for (const layer of image.manifest.layers) {
        const stored = await content.stat(layer.digest);
        if (stored?.size === layer.size) continue;
        const message = stored ? `its layer ${layer.digest} has ${stored.size} bytes instead of ${layer.size}` : `its layer ${layer.digest} is not there`;
        findings.push({ code: "image.incomplete", object, message, hint });
      }
    } catch (error) {
      findings.push(findingOf(error, object, hint));
    }
  }
  return manifests.size;
}

/** `rbuild/base:1.2` is built from the definition `base`. */
function rebuildHint(name: string): string {
  return `rbuild image build ${parseReference(name).path.split("/").at(-1)}`;
}

function findingOf(error: unknown, object: string, hint: string): Finding {
  const isOurs = isRbuildError(error);
  return { code: isOurs ? error.code : "store.unreadable", object, message: error instanceof Error ? error.message : String(error), hint };
}
