import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Engine, ExecSpec } from "../../../../src/engine/index.ts";
import { collect, openTestEngine, startIdle } from "../../../support/engine/test-engine.ts";

let engine: Engine;
let container: string;
beforeAll(async () => {
  engine = await openTestEngine();
  container = await startIdle(engine, { env: ["FROM_CONTAINER=1"], workingDir: "/tmp" });
});
afterAll(() => engine?.[Symbol.asyncDispose]());

async function exec(spec: ExecSpec, input?: string) {
  const { id } = await engine.containers.createExec(container, { ...spec, attachStdin: input !== undefined });
  await using streams = await engine.containers.startExec(id);
  if (input !== undefined) {
    await streams.stdin?.write(Buffer.from(input));
    await streams.stdin?.end();
  }
  const output = await collect(streams.output);
  await expect.poll(async () => (await engine.containers.getExec(id)).running).toBe(false);
  return { ...output, exitCode: (await engine.containers.getExec(id)).exitCode };
}

test("runs a further process with streams apart and its own exit code", async () => {
  expect(await exec({ command: ["sh", "-c", "pwd; echo $FROM_CONTAINER $MINE; echo err >&2; exit 9"], env: ["MINE=2"] })).toEqual({
    stdout: "/tmp\n1 2\n",
    stderr: "err\n",
    exitCode: 9,
  });
});

test("as another user, elsewhere, with the container's isolation", async () => {
  const { stdout } = await exec({
    command: ["sh", "-c", "id -u; pwd; echo $HOME; grep -E 'Seccomp:|CapEff' /proc/self/status"],
    user: "builder",
    workingDir: "/var",
  });
  expect(stdout).toBe("1000\n/var\n/home/builder\nCapEff:\t0000000000000000\nSeccomp:\t2\n");
});

test("passes stdin and its end", async () => {
  expect(await exec({ command: ["sha256sum"] }, "abc")).toMatchObject({
    stdout: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  -\n",
    exitCode: 0,
  });
});

test.each([
  [20_000_000, "", 300],
  // the process ends with the end of its output still in the pipe, which is longer unread than its leftovers are listened to
  [1_250_000, "", 1000],
  [1_250_000, ">&2", 1000],
])("carries %i bytes of output%s unchanged to a slow reader", async (bytes, redirection, pause) => {
  const { id } = await engine.containers.createExec(container, { command: ["sh", "-c", `yes 0123456789 | head -c ${bytes} ${redirection}`] });
  await using streams = await engine.containers.startExec(id);
  await sleep(pause);
  let size = 0;
  for await (const { data } of streams.output) size += data.byteLength;
  expect(size).toBe(bytes);
});

test("ends with the process, and not with what it left behind", async () => {
  const { id } = await engine.containers.createExec(container, {
    command: ["sh", "-c", "(for i in $(seq 60); do echo again; sleep 0.1; done; echo last) & echo first"],
  });
  await using streams = await engine.containers.startExec(id);
  const { stdout } = await collect(streams.output);
  expect(stdout).toContain("first\n");
  expect(stdout).not.toContain("last\n");
});

test.each([
  [false, "/no/such", "container.command-not-found", 127],
  [false, "/etc/passwd", "container.command-not-executable", 126],
  [true, "/no/such", "container.command-not-found", 127],
  [true, "no-such", "container.command-not-found", 127],
  [true, "/etc/passwd", "container.command-not-executable", 126],
])("with tty %s tells of %s that it cannot be run", async (tty, command, code, exitCode) => {
  const { id } = await engine.containers.createExec(container, { command: [command], tty });
  await expect(engine.containers.startExec(id)).rejects.toMatchObject({ code, details: { exitCode } });
  expect(await engine.containers.getExec(id)).toMatchObject({ running: false, exitCode });
  await expect(engine.containers.startExec(id)).rejects.toMatchObject({ code: "container.exec-started" });
});

test("gives a terminal that can be resized", async () => {
  // the monitor may have what is typed before the size
  const script = "read go; until stty size 2> /dev/null | grep 21; do sleep 0.1; done; exit 6";
  const { id } = await engine.containers.createExec(container, { command: ["sh", "-c", script], tty: true, attachStdin: true });
  await using streams = await engine.containers.startExec(id);
  expect((await engine.containers.getExec(id)).running).toBe(true);
  await engine.containers.resizeExec(id, { rows: 21, columns: 77 });
  await streams.stdin?.write(Buffer.from("go\n"));
  expect((await collect(streams.output)).stdout).toBe("go\r\n21 77\r\n");
  await expect.poll(async () => await engine.containers.getExec(id)).toMatchObject({ running: false, exitCode: 6 });
});

test("lists what runs in the container", async () => {
  const { id } = await engine.containers.createExec(container, { command: ["sleep", "1000"] });
  await using _streams = await engine.containers.startExec(id);
  expect((await engine.containers.get(container)).execIds).toContain(id);
  expect((await engine.containers.getExec(id)).pid).toBeGreaterThan(1);
});
