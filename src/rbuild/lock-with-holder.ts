import { z } from "zod";
import { type Clock, type HeldLock, readFileIfExists, tryLock, writeFileAtomic } from "../system/index.ts";

const holderSchema = z.object({ pid: z.int(), since: z.string(), what: z.string() });

/** Who holds a lock, for whoever would have it. */
export type Holder = Readonly<z.infer<typeof holderSchema>>;

/**
 * Takes the lock `<path>.lock` if nobody holds it, and notes in `<path>.holder` for the others who does and what for. Else says who it is,
 * if that is known yet.
 */
export async function tryLockAs(
  path: string,
  what: string,
  clock: Clock,
): Promise<{ readonly kind: "held"; readonly held: HeldLock } | { readonly kind: "busy"; readonly holder?: Holder }> {
  const held = await tryLock(`${path}.lock`);
  const note = `${path}.holder`;
  if (!held) {
    const holder = await readHolder(note);
    return { kind: "busy", ...(holder ? { holder } : {}) };
  }
  try {
    await writeFileAtomic(note, JSON.stringify({ pid: process.pid, since: clock.now().toISOString(), what } satisfies Holder), { sync: false });
  } catch (error) {
    await held[Symbol.asyncDispose]();
    throw error;
  }
  return { kind: "held", held };
}

async function readHolder(path: string): Promise<Holder | undefined> {
  const bytes = await readFileIfExists(path, 8192);
  try {
    return bytes && holderSchema.parse(JSON.parse(bytes.toString("utf8")));
  } catch {
    return undefined;
  }
}
