import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { createUplinkedNamespace, type UplinkedNamespace } from "./uplinked-namespace.ts";

/** Debian's docker.io with a store, a socket and a network namespace of its own; nothing of it is left afterwards. */
export interface PrivateDocker extends AsyncDisposable {
  /** For DOCKER_HOST. */
  readonly host: string;
  /** Runs the client; its stdout. @throws when it fails */
  readonly docker: (...args: string[]) => Promise<string>;
  /** Of this host, as the daemon sees it; it pulls from registries there without TLS. */
  readonly hostAddress: string;
}

const READY_MS = 60_000;

export async function startPrivateDocker(): Promise<PrivateDocker> {
  await ensureInstalled();
  await using stack = new AsyncDisposableStack();
  const directory = await mkdtemp("/var/tmp/rbuild-bench-docker-");
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const namespace = stack.use(await createUplinkedNamespace());
  const host = `unix://${directory}/docker.sock`;
  const daemon = startDaemon(directory, host, namespace);
  stack.defer(daemon.stop);
  const docker = async (...args: string[]) => (await execa("docker", args, { env: { DOCKER_HOST: host, DOCKER_CONFIG: directory } })).stdout;
  await untilReady(() => docker("version"), daemon);
  const running = stack.move();
  return { host, docker, hostAddress: namespace.hostAddress, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

interface Daemon {
  /** The end of what it has logged. */
  readonly log: () => string;
  readonly isGone: () => boolean;
  readonly stop: () => Promise<void>;
}

function startDaemon(directory: string, host: string, { path, hostAddress }: UplinkedNamespace): Daemon {
  const dockerd = [
    "dockerd",
    "--data-root",
    join(directory, "data"),
    "--exec-root",
    join(directory, "exec"),
    "--pidfile",
    join(directory, "pid"),
    "-H",
    host,
    `--insecure-registry=${hostAddress}/32`,
  ];
  const child = spawn("setpriv", ["--pdeathsig", "TERM", "--", "nsenter", `--net=${path}`, "--", ...dockerd], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let log = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text: string) => (log = (log + text).slice(-8192)));
  const gone = once(child, "close");
  return {
    log: () => log,
    isGone: () => child.exitCode !== null,
    async stop() {
      child.kill("SIGTERM");
      await gone;
    },
  };
}

async function untilReady(ask: () => Promise<unknown>, daemon: Daemon): Promise<void> {
  const deadline = Date.now() + READY_MS;
  for (;;) {
    try {
      await ask();
      return;
    } catch (error) {
      if (Date.now() > deadline || daemon.isGone()) throw new Error(`dockerd did not come up:\n${daemon.log()}`, { cause: error });
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

/** Installs the package without starting its service. */
async function ensureInstalled(): Promise<void> {
  const { exitCode } = await execa("dpkg-query", ["--status", "docker.io"], { reject: false });
  if (exitCode === 0) return;
  const policy = "/usr/sbin/policy-rc.d";
  const before = await readFile(policy).catch(() => undefined);
  await writeFile(policy, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    await execa("apt-get", ["install", "--yes", "--no-install-recommends", "docker.io"], { env: { DEBIAN_FRONTEND: "noninteractive" } });
  } finally {
    if (before === undefined) await rm(policy);
    else await writeFile(policy, before);
  }
}
