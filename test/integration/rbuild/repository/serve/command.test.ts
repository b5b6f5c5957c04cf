import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, truncate, writeFile } from "node:fs/promises";
import { Agent, get } from "node:http";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { describe, expect, onTestFinished, test } from "vitest";
import { digestHex, digestOf } from "../../../../../src/oci/index.ts";
import { startDockerd } from "../../../../support/dockerd.ts";
import { RBUILD, rbuild } from "../../../../support/rbuild-command.ts";
import { imagesOnDisk } from "../../../../support/repository/images-on-disk.ts";
import { otherClient } from "../../../../support/repository/serve-directory.ts";

const run = promisify(execFile);

interface Served {
  readonly child: ChildProcess;
  readonly url: string;
  readonly lines: string[];
}

async function serve(
  directory: string,
  args: readonly string[] = [],
  prefix: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<Served> {
  const [command = "", ...rest] = [...prefix, RBUILD, "serve", directory, "--listen", "127.0.0.1:0", ...args];
  const child = spawn(command, rest, {
    env: { PATH: process.env["PATH"] ?? "", HOME: "/root", RBUILD_CONFIG_HOME: "/nonexistent", ...env },
    stdio: ["ignore", "ignore", "pipe"],
  });
  onTestFinished(async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
  });
  const lines: string[] = [];
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stderr }).on("line", (line) => {
      lines.push(line);
      const [, found] = /is served at (http:\S+\/)/.exec(line) ?? [];
      if (found) resolve(found);
    });
    child.once("exit", (code) => reject(new Error(`ended with ${code}: ${lines.join("\n")}`)));
  });
  return { child, url, lines };
}

async function metric(url: string, name: string): Promise<number> {
  const text = await (await otherClient(new URL("/metrics", url))).text();
  return Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1]);
}

// Perl is essential in Debian. Node can neither receive datagrams of this family nor hand on a listening socket that it does not accept from.
const ACTIVATE = `use Socket; use POSIX; $^F = 255; socket(S, AF_INET, SOCK_STREAM, 0); bind(S, sockaddr_in(0, INADDR_LOOPBACK)) or die; listen(S, 9); POSIX::dup2(fileno(S), 3); $ENV{LISTEN_FDS} = 1; $ENV{LISTEN_PID} = $$; exec @ARGV`;
const NOTIFIED = `use Socket; socket(S, AF_UNIX, SOCK_DGRAM, 0); bind(S, pack_sockaddr_un($ARGV[0])) or die; $| = 1; print "bound\\n"; while (defined recv(S, $m, 1000, 0)) { print "$m\\n" }`;

describe("rbuild serve", () => {
  test("serves, reloads at SIGHUP, stops at SIGTERM with exit code 0", async () => {
    const images = await imagesOnDisk();
    const { child, url, lines } = await serve(images.directory);
    expect((await otherClient(new URL("/healthz", url))).status).toBe(200);
    child.kill("SIGHUP");
    expect((await otherClient(new URL("/current.json", url))).status).toBe(200);
    child.kill("SIGTERM");
    expect(await once(child, "exit")).toEqual([0, null]);
    expect(lines.some((line) => line.includes('"GET /healthz HTTP/1.1" 200'))).toBe(true);
  });

  test("says what is wrong with what it was told", async () => {
    const images = await imagesOnDisk();
    const { url } = await serve(images.directory);
    const taken = await rbuild(["serve", images.directory, "--listen", new URL(url).host]);
    expect([taken.exitCode, taken.stderr]).toEqual([7, expect.stringContaining("serve.cannot-listen")]);
    for (const [args, code] of [
      [["/nonexistent"], "serve.no-directory"],
      [[images.directory, "--attack", "nonsense"], "serve.unknown-attack"],
      [[images.directory, "--attack", "slow", "--listen", "0.0.0.0:0"], "serve.attack-not-on-loopback"],
      [[images.directory, "--listen", "example.org:80"], "cli.invalid-value"],
    ] as const) {
      const { exitCode, stderr } = await rbuild(["serve", ...args]);
      expect([exitCode, stderr]).toEqual([2, expect.stringContaining(code)]);
    }
    const list = await rbuild(["serve", "--attack", "list"]);
    expect([list.exitCode, list.stdout]).toEqual([0, expect.stringContaining("captive-portal")]);
  });

  test("takes over systemd's socket, and says when it is ready, reloads and stops", async () => {
    const images = await imagesOnDisk();
    const notifyPath = join(images.keys, "notify");
    const receiver = spawn("perl", ["-e", NOTIFIED, notifyPath], { stdio: ["ignore", "pipe", "ignore"] });
    onTestFinished(() => void receiver.kill());
    const states: string[] = [];
    createInterface({ input: receiver.stdout }).on("line", (line) => states.push(line));
    await expect.poll(() => states).toEqual(["bound"]);
    const { child, url } = await serve(images.directory, [], ["perl", "-e", ACTIVATE], { NOTIFY_SOCKET: notifyPath });
    expect(new URL(url).port).not.toBe("0");
    expect((await otherClient(new URL("/current.json", url))).status).toBe(200);
    await expect.poll(() => states.slice(1)).toEqual(["READY=1"]);
    child.kill("SIGHUP");
    await expect.poll(() => states.slice(2).map((state) => state.replace(/\d{2,}$/, "N"))).toEqual(["RELOADING=1", "MONOTONIC_USEC=N", "READY=1"]);
    child.kill("SIGTERM");
    expect(await once(child, "exit")).toEqual([0, null]);
    await expect.poll(() => states.at(-1)).toBe("STOPPING=1");
  });

  test("is a registry that Docker pulls from, by digest and by tag", async () => {
    const images = await imagesOnDisk();
    await using daemon = await startDockerd();
    const inside = ["nsenter", "--net", "--target", (await readFile(join(dirname(daemon.socketPath), "pid"), "utf8")).trim()];
    await run(inside[0]!, [...inside.slice(1), "ip", "link", "set", "lo", "up"]);
    const { url } = await serve(images.directory, [], inside);
    const docker = (...args: string[]) => run("docker", ["-H", `unix://${daemon.socketPath}`, ...args]);
    const { host } = new URL(url);
    const pulled = await docker("pull", `${host}/tools@${images.manifest}`);
    expect(pulled.stdout).toContain(`Digest: ${images.manifest}`);
    const config = async (reference: string) => (await docker("image", "inspect", "--format", "{{.Id}}", `${host}/tools${reference}`)).stdout;
    await docker("pull", `${host}/tools:testing`);
    expect(await config(":testing")).toBe(await config(`@${images.manifest}`));
  });

  test("gives 64 clients small ranges of a large file, in memory that stays flat", async () => {
    const images = await imagesOnDisk();
    const empty = Buffer.alloc(0);
    const path = join(images.directory, "blobs/sha256", digestHex(digestOf(empty)));
    await writeFile(path, empty);
    await truncate(path, 2 ** 30);
    const { url } = await serve(images.directory, ["--rate", "0", "--max-per-address", "0", "--log-format", "none"]);
    const { port } = new URL(url);
    const agent = new Agent({ keepAlive: true, maxSockets: 64 });
    onTestFinished(() => agent.destroy());
    const target = `/blobs/sha256/${digestHex(digestOf(empty))}`;
    const takeRange = (start: number, length: number) =>
      new Promise<number>((resolve, reject) => {
        get({ host: "127.0.0.1", port, path: target, agent, headers: { Range: `bytes=${start}-${start + length - 1}` } }, (response) => {
          let bytes = 0;
          response
            .on("data", (chunk: Buffer) => (bytes += chunk.byteLength))
            .on("end", () => resolve(bytes))
            .on("error", reject);
        }).on("error", reject);
      });
    const round = async (count: number) => {
      let next = 0;
      const client = async () => {
        while (next < count) expect(await takeRange((next++ * 7_919_000) % (2 ** 30 - 5_000), 4_096)).toBe(4_096);
      };
      await Promise.all(Array.from({ length: 64 }, client));
    };
    await round(2_000);
    const before = await metric(url, "process_resident_memory_bytes");
    await round(6_000);
    expect(await takeRange(0, 2 ** 30)).toBe(2 ** 30);
    const after = await metric(url, "process_resident_memory_bytes");
    expect(after - before).toBeLessThan(100 * 2 ** 20); // room for young objects, which levels off
    expect(await metric(url, "rbuild_http_requests_running")).toBe(1);
  });

  test("keeps what slow readers have not taken out of its memory", async () => {
    const images = await imagesOnDisk();
    const hex = digestHex(digestOf("slow"));
    const path = join(images.directory, "blobs/sha256", hex);
    await writeFile(path, "");
    await truncate(path, 2 ** 30);
    const { url } = await serve(images.directory, ["--max-per-address", "0", "--log-format", "none"]);
    const before = await metric(url, "process_resident_memory_bytes");
    const waiting = await Promise.all(
      Array.from(
        { length: 100 },
        () =>
          new Promise<() => void>((resolve, reject) => {
            const request = get(new URL(`/blobs/sha256/${hex}`, url), { agent: false }, (response) => {
              response.pause();
              resolve(() => request.destroy());
            }).on("error", reject);
          }),
      ),
    );
    const during = await metric(url, "process_resident_memory_bytes");
    for (const stop of waiting) stop();
    expect(during - before).toBeLessThan(120 * 2 ** 20);
  });
});
