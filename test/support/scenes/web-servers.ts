import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Attack } from "../../../src/rbuild/repository/serve/attack/attacks.ts";
import { toolEnvironment } from "../../../src/system/index.ts";
import { RBUILD } from "../rbuild-command.ts";
import { isListening, type NetworkHost } from "./three-hosts.ts";

const DOCUMENTATION = resolve(import.meta.dirname, "../../../docs");
const PATIENCE_MS = 20_000;

/** nginx as the documentation sets it up. @param work for its own files */
export async function startNginx(host: NetworkHost, work: string, root: string, listen: `${string}:${number}`): Promise<AsyncDisposable> {
  await mkdir(work, { recursive: true });
  const [, example = ""] = /```nginx\n([^`]*)```/.exec(await readFile(join(DOCUMENTATION, "fetching.md"), "utf8")) ?? [];
  const server = example.replace("listen 80;", `listen ${listen};`).replace("root /srv/images;", `root ${root};`);
  const places = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${work}/${name};`).join(" ");
  const main = `daemon off; worker_processes 1; user root; pid ${work}/pid; error_log ${work}/error.log;
events {}
http { access_log ${work}/access.log; ${places}
${server}}
`;
  await writeFile(join(work, "nginx.conf"), main);
  return start([...host.prefix, "nginx", "-p", work, "-c", join(work, "nginx.conf")], Number(listen.split(":")[1]), "SIGTERM");
}

/** `rbuild serve --attack` in the place of a web server. */
export async function startHostileMirror(host: NetworkHost, root: string, attack: Attack): Promise<AsyncDisposable> {
  const words = ["--attack", attack, "--attack-beyond-loopback", "--log-format", "none"];
  return start([...host.prefix, RBUILD, "serve", root, "--listen", `${host.address}:80`, ...words], 80, "SIGTERM");
}

/** A web server's account, as far as copying to it goes. @param work for its own files */
export async function startRsync(host: NetworkHost, work: string, root: string): Promise<AsyncDisposable> {
  await mkdir(work, { recursive: true });
  const file = join(work, "rsyncd.conf");
  await writeFile(file, `use chroot = no\nuid = root\ngid = root\nlog file = ${work}/log\npid file = ${work}/pid\n[images]\npath = ${root}\nread only = no\n`);
  return start([...host.prefix, "rsync", "--daemon", "--no-detach", `--address=${host.address}`, `--config=${file}`], 873, "SIGTERM");
}

/** The commands that docs/publishing.md copies a repository with, in their order. @param to an rsync URL */
export async function uploadCommands(repository: string, to: string): Promise<string[][]> {
  const text = await readFile(join(DOCUMENTATION, "publishing.md"), "utf8");
  const lines = [...text.matchAll(/^ {4}(rsync .* web:\/srv\/images\/)$/gm)].map(([, line = ""]) => line);
  return lines.map((line) => line.split(" ").map((word) => (word === "web:/srv/images/" ? to : word.replace(/^\/srv\/images\//, `${repository}/`))));
}

async function start([command = "", ...args]: readonly string[], port: number, signal: NodeJS.Signals): Promise<AsyncDisposable> {
  const env = { ...toolEnvironment(), HOME: "/root", RBUILD_CONFIG_HOME: "/nonexistent" };
  const child = spawn(command, args, { env, stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
  const failed = once(child, "error").then(([error]) => void (said += String(error)));
  const stop = () => end(child, signal);
  for (const until = Date.now() + PATIENCE_MS; !(await isListening(child.pid ?? 0, port)); ) {
    if (child.exitCode !== null || child.pid === undefined || Date.now() > until) {
      if (child.pid === undefined) await failed;
      else await stop();
      throw new Error(`${command} ${args.join(" ")} does not listen: ${said}`);
    }
    await sleep(20);
  }
  return { [Symbol.asyncDispose]: stop };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill(signal);
  await once(child, "exit");
}
