import { randomBytes, randomInt } from "node:crypto";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { basename, dirname, join } from "node:path";
import type { NetworkRequest, NetworkSetup, OpenNetworks } from "../../../../src/engine/networks/network-stack.ts";
import { openNetworks } from "../../../../src/engine/networks/open-networks.ts";
import { inNetworkNamespace, makeTempDirectory, run } from "../../../../src/system/index.ts";
import { extractBusyboxRootfs } from "../../../support/busybox-image.ts";

/** Roots of this process's benches begin so: other test runs may be at work on this host. */
export const ROOTS = `/var/tmp/rbuild-networks-${process.pid}-`;

export const containerId = (number: number): string => (0xc000 + number).toString(16).repeat(16);

/** Networks in a root of their own, and the busybox tree to look at them from inside. */
export interface NetworkBench extends AsyncDisposable {
  readonly path: string;
  readonly root: string;
  readonly runRoot: string;
  readonly open: () => OpenNetworks;
  /** Joins container `number`, called `c<number>`, to networks; default `bridge`. */
  readonly attach: (opened: OpenNetworks, number: number, request?: Partial<NetworkRequest>) => Promise<NetworkSetup>;
  readonly hostsFile: (number: number) => string;
  /** Runs a busybox command in a container's network namespace with its hosts file. */
  readonly inside: (number: number, ...command: readonly string[]) => Promise<{ readonly exitCode: number; readonly stdout: string }>;
}

export async function networkBench(): Promise<NetworkBench> {
  const scratch = await makeTempDirectory(dirname(ROOTS), basename(ROOTS));
  const [root, runRoot, tree] = ["root", "run", "tree"].map((name) => join(scratch.path, name)) as [string, string, string];
  await extractBusyboxRootfs(tree);
  await writeFile(join(tree, "etc/hosts"), "");
  const hostsFile = (number: number) => join(scratch.path, `hosts-${number}`);
  const open = () => openNetworks({ root, runRoot });
  return {
    path: scratch.path,
    root,
    runRoot,
    open,
    hostsFile,
    async attach(opened, number, request = {}) {
      await writeFile(hostsFile(number), "");
      return await opened.stack.attach({
        container: { id: containerId(number), name: `c${number}`, hostname: `host${number}` },
        attachments: [{ network: "bridge" }],
        links: [],
        ports: [],
        extraHosts: [],
        hostsFile: hostsFile(number),
        ...request,
      });
    },
    async inside(number, ...command) {
      const script = 'mount --bind "$1" "$2/etc/hosts" && shift && exec chroot "$@"';
      const namespace = `--net=${runRoot}/netns/${containerId(number)}`;
      const args = [namespace, "unshare", "--mount", "sh", "-c", script, "sh", hostsFile(number), tree, ...command];
      return await run("nsenter", args, { okCodes: [0, 1] });
    },
    async [Symbol.asyncDispose]() {
      await using opened = open();
      await opened.stack.sweep(async () => false);
      await scratch[Symbol.asyncDispose]();
    },
  };
}

/** A TCP server in a network namespace that says `text` and closes. */
export async function serveIn(namespacePath: string, port: number, text: string): Promise<Server & AsyncDisposable> {
  const server = inNetworkNamespace(namespacePath, () => createServer((socket) => socket.on("error", () => {}).end(text)).listen(port));
  await once(server, "listening");
  return server;
}

/** A host outside: a namespace with one address, a cable to this host, and no route back to any container. */
export async function outsideHost(): Promise<{ readonly namespacePath: string; readonly address: string; readonly hostAddress: string } & AsyncDisposable> {
  const link = `rbt-${randomBytes(4).toString("hex")}`;
  const name = `rbuild-test-${link}`;
  // of the 64 blocks of 198.51.100.0/24: other test runs have theirs
  const block = 4 * randomInt(64);
  const [hostAddress, address] = [`198.51.100.${block + 1}`, `198.51.100.${block + 2}`];
  const remove = () => run("ip", ["netns", "delete", name], { okCodes: [0, 1] });
  await run("ip", ["netns", "add", name]);
  await run("ip", ["link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", name]);
  await run("ip", ["address", "add", `${hostAddress}/30`, "dev", link]);
  await run("ip", ["link", "set", link, "up"]);
  await run("ip", ["-n", name, "address", "add", `${address}/30`, "dev", "eth0"]);
  await run("ip", ["-n", name, "link", "set", "eth0", "up"]);
  return {
    namespacePath: `/run/netns/${name}`,
    address,
    hostAddress,
    async [Symbol.asyncDispose]() {
      await run("ip", ["link", "delete", link], { okCodes: [0, 1] });
      await remove();
    },
  };
}
