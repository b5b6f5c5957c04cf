import { createHash } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { parseJson } from "../../oci/index.ts";
import { namesIn, readFileIfExists, syncDirectory, writeFileAtomic } from "../../system/index.ts";

const MAX_DEFINITION_BYTES = 1024 * 1024;
const FILE = /^[0-9a-f]{64}\.json$/;

const definitionSchema = z.object({
  id: z.string().regex(/^[0-9a-f]{64}$/),
  name: z.string(),
  driver: z.enum(["bridge", "host", "null"]),
  createdAt: z.string(),
  internal: z.boolean(),
  /** Undefined for the default bridge, whose subnet is chosen each time it is brought up. */
  subnet: z.string().exactOptional(),
  /** By the engine: it may choose another when that has come into use elsewhere. */
  isSubnetChosen: z.boolean().exactOptional(),
  gateway: z.string().exactOptional(),
  labels: z.record(z.string(), z.string()),
  options: z.record(z.string(), z.string()),
});

/** What a network is, whether it is up or not. */
export type NetworkDefinition = Readonly<z.infer<typeof definitionSchema>>;

/** Networks as `<root>/networks/<id>.json`; the predefined three have no file. */
export class DefinitionStore {
  readonly #directory: string;
  readonly #predefined: readonly NetworkDefinition[];

  constructor(root: string) {
    this.#directory = join(root, "networks");
    const predefined = (name: string, driver: NetworkDefinition["driver"]): NetworkDefinition => ({
      // The same in every process that opens this root.
      id: createHash("sha256").update(`network ${name} of ${root}`).digest("hex"),
      name,
      driver,
      createdAt: "1970-01-01T00:00:00.000Z",
      internal: false,
      labels: {},
      options: {},
    });
    this.#predefined = [predefined("bridge", "bridge"), predefined("host", "host"), predefined("none", "null")];
  }

  isPredefined(definition: NetworkDefinition): boolean {
    return this.#predefined.some(({ id }) => id === definition.id);
  }

  /** Sorted by name. */
  async list(): Promise<readonly NetworkDefinition[]> {
    const stored = await Promise.all((await namesIn(this.#directory)).filter((file) => FILE.test(file)).map((file) => this.#read(file)));
    return [...this.#predefined, ...stored.flatMap((definition) => definition ?? [])].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** By name, id, or an unambiguous prefix of an id. */
  async find(lookup: string): Promise<NetworkDefinition | undefined> {
    const named = this.#predefined.find(({ name }) => name === lookup);
    if (named) return named;
    const all = await this.list();
    const exact = all.find(({ id, name }) => id === lookup || name === lookup);
    if (exact) return exact;
    const prefixed = /^[0-9a-f]{4,}$/.test(lookup) ? all.filter(({ id }) => id.startsWith(lookup)) : [];
    return prefixed.length === 1 ? prefixed[0] : undefined;
  }

  async put(definition: NetworkDefinition): Promise<void> {
    await mkdir(this.#directory, { recursive: true });
    await writeFileAtomic(join(this.#directory, `${definition.id}.json`), JSON.stringify(definition));
  }

  async remove(id: string): Promise<void> {
    await rm(join(this.#directory, `${id}.json`), { force: true });
    await syncDirectory(this.#directory);
  }

  async #read(file: string): Promise<NetworkDefinition | undefined> {
    const bytes = await readFileIfExists(join(this.#directory, file), MAX_DEFINITION_BYTES);
    return bytes && parseJson(definitionSchema, bytes, `network ${file}`);
  }
}
