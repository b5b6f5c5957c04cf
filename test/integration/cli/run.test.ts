import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { openEngine } from "../../../src/engine/index.ts";
import { makeTempDirectory, run } from "../../../src/system/index.ts";
import { loadBusyboxImage } from "../../support/busybox-image.ts";
import { type CommandRun, jsonLines, RBUILD, rbuild } from "../../support/rbuild-command.ts";

const IMAGE = "busybox:test";
let scratch: Awaited<ReturnType<typeof makeTempDirectory>>;
let places: readonly string[];

beforeAll(async () => {
  scratch = await makeTempDirectory("/var/tmp", "rbuild-run-");
  const [root, runRoot] = [join(scratch.path, "engine"), join(scratch.path, "run")];
  places = ["--engine-root", root, "--run-root", runRoot];
  await using engine = await openEngine({ root, runRoot });
  await loadBusyboxImage(engine.images, IMAGE);
});
afterAll(async () => {
  // Opening the engine once more removes what a failed test has left.
  await rbuild([...places, "engine", "gc"]);
  await scratch[Symbol.asyncDispose]();
});

const runIn = (args: readonly string[], options: Parameters<typeof rbuild>[1] = {}) => rbuild([...places, "run", ...args], options);

/** Mounts, network namespaces and processes that name the scratch directory. */
async function leftovers(): Promise<string[]> {
  const { stdout } = await run("sh", ["-c", 'grep -F "$1" /proc/self/mounts; ps -eo args | grep -F "$1" | grep -v grep; :', "sh", scratch.path]);
  return stdout.split("\n").filter((line) => line !== "" && !line.includes("sh -c"));
}

it("hands on output, exit code and input", async () => {
  expect(await runIn(["--rm", IMAGE, "sh", "-c", "echo out; echo err >&2; exit 3"])).toEqual({ exitCode: 3, stdout: "out\n", stderr: "err\n" });
  expect(await runIn(["-i", IMAGE, "cat"], { input: "some\ninput" })).toEqual({ exitCode: 0, stdout: "some\ninput", stderr: "" });
});

it("sets variables, directory, user and mounts", async () => {
  const file = join(scratch.path, "file");
  await writeFile(file, "here\n");
  const args = [
    "-e",
    "A=b c",
    "-e",
    "PASSED",
    "-w",
    "/tmp",
    "-u",
    "1000",
    "-v",
    `${file}:/file:ro`,
    IMAGE,
    "sh",
    "-c",
    "echo $A $PASSED; pwd; id -u; cat /file; echo x >/file",
  ];
  const { exitCode, stdout } = await runIn(args, { env: { PASSED: "on" } });
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "b c on\n/tmp\n1000\nhere\n" });
});

it("says with --json how it ended, and leaves stdout to events", async () => {
  const { exitCode, stdout, stderr } = await rbuild([...places, "--json", "run", IMAGE, "sh", "-c", "echo hello; exit 4"]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 4, stderr: "hello\n" });
  expect(jsonLines(stdout)).toMatchObject([{ kind: "result", command: "run", exitCode: 4, data: { exitCode: 4 } }]);
});

it.each([
  ["an image that is not there", ["nothing:1", "true"], 2, "image.not-found"],
  ["a command that is not there", [IMAGE, "nonsense"], 127, "container.command-not-found"],
  ["a command that is none", [IMAGE, "/etc/passwd"], 126, "container.command-not-executable"],
] as const)("names %s", async (_what, args, exitCode, code) => {
  const result = await runIn(args);
  expect(result).toMatchObject({ exitCode, stdout: "", stderr: expect.stringContaining(`[${code}]`) });
});

it.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)("ends the container on %s and leaves nothing", async (signal, exitCode) => {
  const child = spawn(RBUILD, [...places, "run", IMAGE, "sh", "-c", "echo ready; exec sleep 1000"], { stdio: ["ignore", "pipe", "ignore"] });
  await once(child.stdout, "data");
  child.kill(signal);
  expect(await once(child, "exit")).toEqual([exitCode, null]);
  expect(await leftovers()).toEqual([]);
});

it("leaves nothing after it was killed and another command ran", async () => {
  const child = spawn(RBUILD, [...places, "run", IMAGE, "sh", "-c", "echo ready; exec sleep 1000"], { stdio: ["ignore", "pipe", "ignore"] });
  await once(child.stdout, "data");
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(await leftovers()).not.toEqual([]);
  expect((await runIn([IMAGE, "true"])).exitCode).toBe(0);
  expect(await leftovers()).toEqual([]);
});

it("gives the container a terminal, with keys and size passed on", async () => {
  // The size follows the start: before a container runs it has no terminal to resize.
  const inside = `until [ "$(stty size 2>&1)" = "31 97" ]; do sleep 0.05; done; stty size; read line; echo "read $line"; tty`;
  const words = [RBUILD, ...places, "run", "-it", IMAGE, "sh", "-c", inside].map((word) => `'${word.replaceAll("'", "'\\\\''")}'`).join(" ");
  const script = `stty rows 31 columns 97; ${words}`;
  const child = spawn("script", ["--quiet", "--return", "--command", script, "/dev/null"], {
    stdio: ["pipe", "pipe", "ignore"],
    env: { ...process.env, TERM: "xterm" },
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    const isFirst = !output.includes("31 97");
    output += text;
    if (isFirst && output.includes("31 97")) child.stdin.write("typed\r");
  });
  expect(await once(child, "exit")).toEqual([0, null]);
  expect(output.replaceAll("\r", "")).toBe("31 97\ntyped\nread typed\n/dev/pts/0\n");
});

it("tells what the engine is, and that it is sound", async () => {
  const info = jsonLines((await rbuild([...places, "engine", "info", "--json"])).stdout);
  expect(info).toMatchObject([{ kind: "result", data: { root: join(scratch.path, "engine"), runRoot: join(scratch.path, "run") } }]);
  expect(await rbuild([...places, "engine", "fsck"])).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("all sound") });
  expect(await rbuild([...places, "engine", "gc"])).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("removed 0 blobs") });
});

it("serves the Docker API until it is told to stop", async () => {
  const socket = join(scratch.path, "sockets/docker.sock");
  const server = spawn(RBUILD, [...places, "engine", "serve", "--socket", socket], { stdio: ["ignore", "ignore", "pipe"] });
  onTestFinished(() => void server.kill("SIGKILL"));
  const [line] = (await once(server.stderr.setEncoding("utf8"), "data")) as [string];
  expect(line).toBe(`rbuild: the Docker API answers at unix://${socket}\n`);
  // Another rbuild uses it as it would use a Docker daemon.
  expect(await rbuild(["--host", `unix://${socket}`, "run", IMAGE, "echo", "through the socket"])).toMatchObject({
    exitCode: 0,
    stdout: "through the socket\n",
  });
  // without a connection in between it is the same
  const network = ["--network", "none"];
  for (const words of [
    [IMAGE, "sh", "-c", "echo out; echo err >&2; exit 3"],
    ["nothing:1", "true"],
    [IMAGE, "nonsense"],
    ["--user", "nobody-there", IMAGE, "true"],
    ["--network", "nowhere", IMAGE, "true"],
    ["--volume", "/nowhere:/x:rx", IMAGE, "true"],
    ["-i", "-e", "A=1", "-w", "/tmp", "--name", "same", "--entrypoint", "sh", IMAGE, "-c", "cat; env | sort; pwd; hostname | wc -c"],
  ]) {
    const answer = async (...where: string[]) => comparable(await rbuild([...where, "--json", "run", ...network, ...words], { input: "typed" }));
    expect(await answer("--host", `unix://${socket}`), words.join(" ")).toEqual(await answer(...places));
  }
  server.kill("SIGTERM");
  expect(await once(server, "exit")).toEqual([0, null]);
  expect(await leftovers()).toEqual([]);
});

/** Without times and ids, and without what lies behind an error: that differs with the way that it came. */
function comparable({ exitCode, stdout, stderr }: CommandRun) {
  const plain = (text: string) => text.replaceAll(/\b[0-9a-f]{12,64}\b/g, "ID");
  return { exitCode, stderr: plain(stderr), lines: jsonLines(plain(stdout)).map(({ time: _time, causes: _causes, ...line }) => line) };
}
