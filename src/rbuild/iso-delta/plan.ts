import { hash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { type Digest, DigestHasher } from "../../oci/index.ts";
import type { DeltaProgress } from "../repository/delta/delta-files.ts";
import { type CoderSettings, codecFor, pack, unpack } from "./coder.ts";
import { Coders, pieceSize, unitsOf } from "./iso-units.ts";
import { readUnits } from "./read-units.ts";
import type { Step } from "./recipe.ts";
import type { Unit } from "./unit.ts";

const PROGRESS_BYTES = 1024 * 1024;

/** How a new ISO is made of an old one. */
export interface Plan {
  readonly coders: readonly CoderSettings[];
  readonly base: readonly Unit[];
  readonly steps: readonly Step[];
  readonly from: Digest;
  readonly to: Digest;
  /** Compressed blocks of the new ISO: taken from the old one, made anew from their content, and those that cannot be made here and are sent as they are. */
  readonly blocks: { readonly copied: number; readonly made: number; readonly sent: number };
}

export interface OpenIso {
  readonly handle: FileHandle;
  readonly size: number;
}

interface PlanOptions {
  /** Gets the form, piece by piece. */
  readonly addToForm: (bytes: Buffer) => Promise<void>;
  readonly onProgress?: (progress: DeltaProgress) => void;
  readonly signal?: AbortSignal;
}

/**
 * Compares two ISOs piece by piece. What both have is copied; everything else of the new one becomes the form, and what the new one does not
 * take of the old one becomes the form that it starts from: so the work is in proportion to the change.
 */
export async function planIsoDelta(from: OpenIso, to: OpenIso, { addToForm, onProgress, signal }: PlanOptions): Promise<Plan> {
  const coders = new Coders();
  const piece = pieceSize(Math.max(from.size, to.size));
  const old = await indexUnits(from, await unitsOf(from.handle, from.size, coders, piece), signal);
  const units = await unitsOf(to.handle, to.size, coders, piece);
  const [whole, taken, steps] = [new DigestHasher(), new Set<string>(), new Steps()];
  const blocks = { copied: 0, made: 0, sent: 0 };
  let place: number | undefined;
  for await (const { unit, bytes } of readUnits(to.handle, units, signal)) {
    whole.update(bytes);
    if (unit.offset % PROGRESS_BYTES < unit.length) onProgress?.({ bytes: unit.offset, of: to.size });
    const key = keyOf(bytes);
    // Of several the one behind the last, so that fewer steps come of it.
    place = place !== undefined && old.keys[place + 1] === key ? place + 1 : old.places.get(key);
    // The first unit never is copied, so that there always is a form.
    if (place !== undefined && unit.offset > 0) {
      taken.add(key);
      steps.add({ kind: "copy", offset: (old.units[place] as Unit).offset, length: unit.length });
      if (unit.coder !== undefined) blocks.copied++;
      continue;
    }
    const content = unit.coder === undefined ? undefined : contentOf(bytes, coders.list[unit.coder]);
    if (content && unit.coder !== undefined) {
      steps.add({ kind: "pack", coder: unit.coder, content: content.byteLength, length: unit.length });
      blocks.made++;
    } else {
      steps.add({ kind: "bytes", length: unit.length });
      if (unit.coder !== undefined) blocks.sent++;
    }
    await addToForm(content ?? bytes);
  }
  const base = joined(old.units.filter((_, index) => index === 0 || !taken.has(old.keys[index] as string)));
  return { coders: coders.list, base, steps: steps.list, from: old.digest, to: whole.digest(), blocks };
}

interface IndexedUnits {
  readonly units: readonly Unit[];
  /** Of each unit. */
  readonly keys: readonly string[];
  /** The first unit of each key. */
  readonly places: ReadonlyMap<string, number>;
  readonly digest: Digest;
}

async function indexUnits({ handle }: OpenIso, units: readonly Unit[], signal?: AbortSignal): Promise<IndexedUnits> {
  const [keys, places, whole] = [[] as string[], new Map<string, number>(), new DigestHasher()];
  for await (const { bytes } of readUnits(handle, units, signal)) {
    whole.update(bytes);
    const key = keyOf(bytes);
    if (!places.has(key)) places.set(key, keys.length);
    keys.push(key);
  }
  return { units, keys, places, digest: whole.digest() };
}

const keyOf = (bytes: Buffer): string => hash("sha256", bytes, "latin1");

/** Of a block, where this host's library makes the same block from it. */
function contentOf(block: Buffer, settings: CoderSettings | undefined): Buffer | undefined {
  const codec = settings && codecFor(settings.kind);
  const content = codec && unpack(block, settings, codec);
  return content && pack(content, settings, codec)?.equals(block) ? content : undefined;
}

/** Steps, of which copies and bytes that follow each other are one. */
class Steps {
  readonly list: Step[] = [];

  add(step: Step): void {
    const last = this.list.at(-1);
    if (last?.kind === "copy" && step.kind === "copy" && last.offset + last.length === step.offset)
      this.#replaceLast({ ...last, length: last.length + step.length });
    else if (last?.kind === "bytes" && step.kind === "bytes") this.#replaceLast({ ...last, length: last.length + step.length });
    else this.list.push(step);
  }

  #replaceLast(step: Step): void {
    this.list[this.list.length - 1] = step;
  }
}

/** Sectors that follow each other as one part. */
function joined(units: readonly Unit[]): Unit[] {
  const parts: Unit[] = [];
  for (const unit of units) {
    const last = parts.at(-1);
    if (last && last.coder === undefined && unit.coder === undefined && last.offset + last.length === unit.offset) {
      parts[parts.length - 1] = { offset: last.offset, length: last.length + unit.length };
    } else parts.push(unit);
  }
  return parts;
}
