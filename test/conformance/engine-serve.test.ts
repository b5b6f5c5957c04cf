import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import Docker from "dockerode";
import { execa } from "execa";
import { expect, onTestFinished, test } from "vitest";
import { openEngine } from "../../src/engine/index.ts";
import { loadBusyboxImage } from "../support/busybox-image.ts";
import { RBUILD } from "../support/rbuild-command.ts";
import { call } from "../support/serve-fake.ts";
import { IMAGE } from "./served-engine.ts";

interface Place {
  readonly root: string;
  readonly runRoot: string;
  readonly socketPath: string;
  readonly args: readonly string[];
}

async function makePlace(): Promise<Place> {
  const [root, runRoot] = [await mkdtemp("/var/tmp/rbuild-serve-"), await mkdtemp("/run/rbuild-serve-")];
  onTestFinished(async () => {
    await using engine = await openEngine({ root, runRoot, lifetime: "service" });
    for (const { id } of await engine.containers.list()) await engine.containers.remove(id, { force: true });
    await engine[Symbol.asyncDispose]();
    await rm(root, { recursive: true, force: true });
    await rm(runRoot, { recursive: true, force: true });
  });
  await using engine = await openEngine({ root, runRoot, lifetime: "session" });
  await loadBusyboxImage(engine.images, IMAGE);
  return { root, runRoot, socketPath: join(runRoot, "docker.sock"), args: ["engine", "serve", "--engine-root", root, "--run-root", runRoot] };
}

function start(command: string, args: readonly string[], env: Record<string, string> = {}): ChildProcess {
  const child = spawn(command, args, {
    stdio: ["ignore", "ignore", "ignore"],
    env: { PATH: process.env["PATH"] ?? "", HOME: "/root", RBUILD_CONFIG_HOME: "/nonexistent", ...env },
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

const answers = async (socketPath: string) => (await call(socketPath, { path: "/_ping" }).catch(() => undefined))?.status;

function end(child: ChildProcess): Promise<number | null> {
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  child.kill("SIGTERM");
  return ended;
}

test("containers outlive the server, and the next one goes on with them", async () => {
  const place = await makePlace();
  const docker = new Docker({ socketPath: place.socketPath });
  const first = start(RBUILD, place.args);
  await expect.poll(() => answers(place.socketPath), { timeout: 15_000 }).toBe(200);
  const { stdout: id } = await execa("docker", [
    "-H",
    `unix://${place.socketPath}`,
    "run",
    "-d",
    "--name",
    "kept",
    IMAGE,
    "sh",
    "-c",
    "echo before; sleep 1000",
  ]);
  expect(id).toMatch(/^[0-9a-f]{64}$/);
  expect(await end(first)).toBe(0);
  expect(await answers(place.socketPath)).toBeUndefined();
  const second = start(RBUILD, place.args);
  await expect.poll(() => answers(place.socketPath), { timeout: 15_000 }).toBe(200);
  const container = docker.getContainer("kept");
  expect((await container.inspect()).State).toMatchObject({ Running: true });
  const exec = await container.exec({ Cmd: ["echo", "inside"], AttachStdout: true });
  expect(await text(await exec.start({}))).toContain("inside");
  await container.kill();
  expect(await container.wait()).toEqual({ StatusCode: 137 });
  expect((await container.logs({ stdout: true })).toString()).toContain("before");
  await container.remove();
  expect(await end(second)).toBe(0);
});

// Perl is essential in Debian. Node can neither receive datagrams of this family nor hand on a listening socket that it does not accept from.
const ACTIVATE = `use Socket; use POSIX; $^F = 255; socket(S, AF_UNIX, SOCK_STREAM, 0); bind(S, pack_sockaddr_un(shift)) or die; listen(S, 9); POSIX::dup2(fileno(S), 3); $ENV{LISTEN_FDS} = 1; $ENV{LISTEN_PID} = $$; exec @ARGV`;
const NOTIFIED = `use Socket; socket(S, AF_UNIX, SOCK_DGRAM, 0); bind(S, pack_sockaddr_un($ARGV[0])) or die; $| = 1; print "bound\\n"; recv(S, $m, 100, 0); print $m`;

test("takes over systemd's socket and says when it is ready", async () => {
  const place = await makePlace();
  const notifyPath = join(place.runRoot, "notify");
  const receiver = spawn("perl", ["-e", NOTIFIED, notifyPath]);
  onTestFinished(() => void receiver.kill());
  let notified = "";
  receiver.stdout.on("data", (chunk: Buffer) => (notified += chunk.toString()));
  await expect.poll(() => notified).toBe("bound\n");
  const served = start("perl", ["-e", ACTIVATE, place.socketPath, RBUILD, ...place.args], { NOTIFY_SOCKET: notifyPath });
  await expect.poll(() => notified, { timeout: 15_000 }).toBe("bound\nREADY=1");
  expect(await new Docker({ socketPath: place.socketPath }).version()).toMatchObject({ ApiVersion: "1.50" });
  expect(await end(served)).toBe(0);
});
