import { createHash } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { readFileIfExists, writeFileAtomic } from "../../system/index.ts";
import type { Runtime } from "./runtime.ts";
import type { RuntimeSpec } from "./spec/runtime-spec.ts";

/** The kernel takes programs of 4096 instructions of 8 bytes. */
const MAX_FILTER_BYTES = 4096 * 8;
/** A kept filter stands behind its hash: a power cut may leave half of it. */
const SHA256_BYTES = 32;
/** crun takes a compiled filter from it, in base64, in place of the rules. */
const ANNOTATION = "run.oci.seccomp_bpf_data";

/**
 * crun compiles a container's seccomp rules anew each time, which takes twice as long as all else it does. It leaves the result in its state;
 * the engine keeps it under a hash of the rules and hands it over the next time. The rules stay in the spec for versions that take no filter.
 */
export class SeccompCache {
  readonly #directory: string;
  readonly #filters = new Map<string, string>();

  constructor(root: string) {
    this.#directory = join(root, "tools", "seccomp");
  }

  /** The spec with the compiled filter, when there is one and the runtime takes it. */
  async withFilter(runtime: Runtime, spec: RuntimeSpec): Promise<RuntimeSpec> {
    const key = keyOf(runtime, spec);
    if (key === undefined) return spec;
    const filter = this.#filters.get(key) ?? (await this.#read(key));
    if (filter === undefined) return spec;
    this.#filters.set(key, filter);
    return { ...spec, annotations: { ...spec.annotations, [ANNOTATION]: filter } };
  }

  /** Keeps the filter that the runtime has compiled for this container. */
  async keep(runtime: Runtime, spec: RuntimeSpec, id: string): Promise<void> {
    const key = keyOf(runtime, spec);
    if (key === undefined || this.#filters.has(key)) return;
    const filter = await readFileIfExists(join(runtime.stateDirectory, id, "seccomp.bpf"), MAX_FILTER_BYTES).catch(() => undefined);
    if (filter === undefined || !isFilter(filter)) return;
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    await writeFileAtomic(join(this.#directory, key), Buffer.concat([sha256(filter), filter]), { sync: false, mode: 0o600 });
    this.#filters.set(key, filter.toString("base64"));
  }

  async #read(key: string): Promise<string | undefined> {
    const bytes = await readFileIfExists(join(this.#directory, key), SHA256_BYTES + MAX_FILTER_BYTES);
    const filter = bytes?.subarray(SHA256_BYTES);
    if (!bytes || !filter || !isFilter(filter) || !sha256(filter).equals(bytes.subarray(0, SHA256_BYTES))) return undefined;
    return filter.toString("base64");
  }
}

const sha256 = (bytes: Buffer): Buffer => createHash("sha256").update(bytes).digest();
const isFilter = (filter: Buffer): boolean => filter.byteLength > 0 && filter.byteLength % 8 === 0;

/** Rules and compiler. */
function keyOf(runtime: Runtime, spec: RuntimeSpec): string | undefined {
  if (runtime.name !== "crun" || spec.linux.seccomp === undefined) return undefined;
  return createHash("sha256")
    .update(JSON.stringify([runtime.version, process.arch, spec.linux.seccomp]))
    .digest("hex");
}
