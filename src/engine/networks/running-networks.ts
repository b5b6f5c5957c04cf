import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { parseJson } from "../../oci/index.ts";
import { namesIn, readFileIfExists, writeFileAtomic } from "../../system/index.ts";

const MAX_STATE_BYTES = 16 * 1024 * 1024;
const FILE = /^([0-9a-f]{64})\.json$/;

const memberSchema = z.object({
  containerId: z.string().regex(/^[0-9a-f]{64}$/),
  name: z.string(),
  hostname: z.string(),
  domainname: z.string().exactOptional(),
  aliases: z.array(z.string()),
  /** IPv4. */
  address: z.string(),
  /** Name of the host's end of its veth pair, and of the container's end. */
  hostLink: z.string(),
  containerLink: z.string(),
  /** Names it alone has for other containers. */
  links: z.array(z.object({ containerId: z.string(), alias: z.string() })),
  hostsFile: z.string().exactOptional(),
  ports: z.array(z.object({ containerPort: z.int(), protocol: z.enum(["tcp", "udp"]), hostIp: z.string().exactOptional(), hostPort: z.int() })),
});

const runningSchema = z.object({
  networkId: z.string(),
  bridge: z.string(),
  subnet: z.string(),
  gateway: z.string(),
  internal: z.boolean(),
  mtu: z.int().exactOptional(),
  /** Another firewall was told to let the bridge's packets through. */
  forwardingOpened: z.boolean(),
  /** Offset in the subnet that was given out last: addresses are reused as late as can be. */
  lastOffset: z.int(),
  members: z.array(memberSchema),
});

/** A container's place in a network that is up. */
export type Member = Readonly<z.infer<typeof memberSchema>>;
/** A bridge network that is up: what it is made of in the kernel, and who is in it. */
export type RunningNetwork = Readonly<z.infer<typeof runningSchema>>;

/** `<runRoot>/networks/<id>.json`. Read and written by whoever holds the networks' lock. */
export class RunningNetworks {
  readonly #directory: string;

  constructor(runRoot: string) {
    this.#directory = join(runRoot, "networks");
  }

  async get(id: string): Promise<RunningNetwork | undefined> {
    const bytes = await readFileIfExists(join(this.#directory, `${id}.json`), MAX_STATE_BYTES);
    return bytes && parseJson(runningSchema, bytes, `state of network ${id}`);
  }

  async list(): Promise<readonly RunningNetwork[]> {
    const ids = (await namesIn(this.#directory)).flatMap((file) => FILE.exec(file)?.[1] ?? []);
    return (await Promise.all(ids.map((id) => this.get(id)))).flatMap((network) => network ?? []);
  }

  async put(network: RunningNetwork): Promise<void> {
    mkdirSync(this.#directory, { recursive: true, mode: 0o711 });
    await writeFileAtomic(join(this.#directory, `${network.networkId}.json`), JSON.stringify(network), { sync: false });
  }

  async remove(id: string): Promise<void> {
    rmSync(join(this.#directory, `${id}.json`), { force: true });
  }
}
