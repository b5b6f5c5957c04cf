import { readdir, readFile } from "node:fs/promises";
import { pathExists, run } from "../../../src/system/index.ts";
import { counterValues } from "../without-network.ts";

const PREFIX = "rbuild-scenes-";
const ADDRESSES = { manager: "192.0.2.1", web: "192.0.2.2", developer: "192.0.2.3" } as const;

export type HostName = keyof typeof ADDRESSES;

/** A machine, as far as its network goes. */
export interface NetworkHost {
  readonly address: string;
  /** Words before a command that runs there. */
  readonly prefix: readonly string[];
  /** `Tcp.ActiveOpens` and the like. proc(5) */
  counters(): Promise<Readonly<Record<string, number>>>;
}

export interface ThreeHosts extends AsyncDisposable, Readonly<Record<HostName, NetworkHost>> {}

/** Three network namespaces on one bridge, which has a namespace of its own. There is no route to anywhere else. */
export async function openThreeHosts(): Promise<ThreeHosts> {
  await removeLeftovers();
  await using stack = new AsyncDisposableStack();
  const name = (host: string) => `${PREFIX}${process.pid}-${host}`;
  const add = async (host: string) => {
    await run("ip", ["netns", "add", name(host)]);
    stack.defer(() => removeNamespace(name(host)));
    await run("ip", ["-n", name(host), "link", "set", "lo", "up"]);
  };
  const ip = (host: string, ...words: string[]) => run("ip", ["-n", name(host), ...words]);

  await add("bridge");
  await ip("bridge", "link", "add", "bridge", "type", "bridge");
  await ip("bridge", "link", "set", "bridge", "up");
  const hosts: [string, NetworkHost][] = [];
  for (const [host, address] of Object.entries(ADDRESSES)) {
    await add(host);
    await ip(host, "link", "add", "eth0", "type", "veth", "peer", "name", host, "netns", name("bridge"));
    await ip("bridge", "link", "set", host, "master", "bridge", "up");
    await ip(host, "address", "add", `${address}/24`, "dev", "eth0");
    await ip(host, "link", "set", "eth0", "up");
    // Unlike `ip netns exec`, this leaves /sys and its control groups alone.
    const prefix = ["nsenter", `--net=/run/netns/${name(host)}`];
    const counters = async () => counterValues((await run(prefix[0] as string, [...prefix.slice(1), "cat", "/proc/net/snmp"])).stdout);
    hosts.push([host, { address, prefix, counters }]);
  }
  const kept = stack.move();
  return { ...(Object.fromEntries(hosts) as Record<HostName, NetworkHost>), [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** Of tests that were killed. */
async function removeLeftovers(): Promise<void> {
  for (const name of await readdir("/run/netns").catch(() => [])) {
    const [, pid] = new RegExp(`^${PREFIX}(\\d+)-`).exec(name) ?? [];
    if (pid !== undefined && !(await pathExists(`/proc/${pid}`))) await removeNamespace(name);
  }
}

/** What runs there still is ended: without a name nobody would find it. */
async function removeNamespace(name: string): Promise<void> {
  for (const pid of (await run("ip", ["netns", "pids", name])).stdout.split("\n").filter((text) => text !== "")) {
    try {
      process.kill(Number(pid), "SIGKILL");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
  await run("ip", ["netns", "delete", name]);
}

/** Whether a process sees somebody listen at a TCP port of its network namespace. */
export async function isListening(pid: number, port: number): Promise<boolean> {
  const wanted = port.toString(16).toUpperCase().padStart(4, "0");
  const table = await readFile(`/proc/${pid}/net/tcp`, "utf8").catch(() => "");
  return table.split("\n").some((line) => new RegExp(`^\\s*\\d+: [0-9A-F]{8}:${wanted} \\S+ 0A `).test(line));
}
