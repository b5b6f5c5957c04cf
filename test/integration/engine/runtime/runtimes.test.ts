import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Engine } from "../../../../src/engine/index.ts";
import { findProgram } from "../../../../src/engine/runtime/find-program.ts";
import { type EnginePlace, IMAGE, openTestEngine, runShell, startIdle } from "../../../support/engine/test-engine.ts";

const installed = (["runc", "crun"] as const).filter((name) => findProgram(name) !== undefined);

describe.each(installed)("%s", (name) => {
  let engine: Engine & { readonly place: EnginePlace };
  beforeAll(async () => {
    engine = await openTestEngine({ runtime: name });
  });
  afterAll(() => engine?.[Symbol.asyncDispose]());

  test("is the one asked for, with its version", async () => {
    expect((await engine.info()).runtime).toMatchObject({ name, version: expect.stringMatching(/^\d+\.\d+/) });
  });

  test("runs, ends and forgets a container", async () => {
    expect(await runShell(engine, "echo out; exit 3", { input: "" })).toMatchObject({ stdout: "out\n", exit: { code: 3 } });
    expect(await engine.place.leftovers()).toEqual([]);
    expect(await readdir(join(engine.place.runRoot, name)).catch(() => [])).toEqual([]);
  });

  test("filters system calls the first time and the next", async () => {
    for (let round = 0; round < 2; round++) {
      const { stdout, stderr } = await runShell(engine, "grep Seccomp: /proc/self/status; unshare -U true");
      expect({ stdout, isRefused: stderr.includes("Operation not permitted") }).toEqual({ stdout: "Seccomp:\t2\n", isRefused: true });
    }
  });

  test("tells why a command does not start", async () => {
    for (const [command, code, exitCode] of [
      ["/no/such", "container.command-not-found", 127],
      ["no-such-in-path", "container.command-not-found", 127],
      ["/etc/passwd", "container.command-not-executable", 126],
      ["/etc", "container.command-not-executable", 126],
    ] as const) {
      const { id } = await engine.containers.create({ image: IMAGE, command: [command] });
      await expect(engine.containers.start(id), command).rejects.toMatchObject({ code, details: { exitCode } });
      await engine.containers.remove(id);
    }
    const idle = await startIdle(engine);
    for (const [command, code] of [
      ["/no/such", "container.command-not-found"],
      ["/etc/passwd", "container.command-not-executable"],
    ] as const) {
      const { id } = await engine.containers.createExec(idle, { command: [command] });
      await expect(engine.containers.startExec(id), command).rejects.toMatchObject({ code });
    }
    await engine.containers.pause(idle);
    await engine.containers.unpause(idle);
    await engine.containers.remove(idle, { force: true });
  });

  test("gives a terminal", async () => {
    expect((await runShell(engine, "test -t 1 && echo terminal", { tty: true })).stdout).toBe("terminal\r\n");
  });

  test("removes a container whose monitor was killed", async () => {
    const id = await startIdle(engine);
    const pid = Number(await readFile(join(engine.place.runRoot, "containers", id, "conmon.pid"), "utf8"));
    process.kill(pid, "SIGKILL");
    expect((await engine.containers.get(id)).state.kind).toBe("running");
    await engine.containers.kill(id);
    expect((await engine.containers.get(id)).state).toMatchObject({ kind: "dead" });
    await engine.containers.remove(id);
    expect(await engine.place.leftovers()).toEqual([]);
  });
});

test.each(installed)("what a kill leaves of the state that %s was forgetting is removed", async (name) => {
  await using engine = await openTestEngine({ runtime: name });
  const { id } = await engine.containers.create({ image: IMAGE, command: ["true"] });
  await engine.containers.start(id);
  await engine.containers.stop(id);
  await engine.containers.wait(id);
  const state = join(engine.place.runRoot, name, id);
  await expect.poll(() => readdir(state).catch(() => "gone")).toBe("gone");
  await mkdir(state);
  await writeFile(join(state, "status"), "{}");
  // there as long as the runtime may know the container
  await writeFile(join(engine.place.runRoot, "containers", id, "config.json"), "{}");
  await engine.containers.remove(id);
  expect(await readdir(join(engine.place.runRoot, name))).toEqual([]);
});

test.runIf(installed.includes("crun"))("a damaged filter in the cache is not used", async () => {
  await using engine = await openTestEngine({ runtime: "crun" });
  await runShell(engine, "true");
  const directory = join(engine.place.root, "tools", "seccomp");
  const [name] = await readdir(directory);
  await writeFile(join(directory, name ?? ""), Buffer.alloc(8 * 100));
  const { openEngine } = await import("../../../../src/engine/index.ts");
  await using second = await openEngine({ ...engine.place, runtime: "crun" });
  expect((await runShell(second, "grep Seccomp: /proc/self/status")).stdout).toBe("Seccomp:\t2\n");
});

test("says what to install when there is no runtime", async () => {
  const path = process.env["PATH"];
  const { chooseRuntime } = await import("../../../../src/engine/runtime/choose-runtime.ts");
  const choice = { root: "/var/tmp", runRoot: "/run", cgroups: { hierarchy: "none", controllers: [], swapLimit: false, mountPoints: new Map() } } as const;
  await expect(chooseRuntime({ ...choice, wanted: "no-such-runtime" as "runc" })).rejects.toMatchObject({ code: "runtime.missing", category: "unavailable" });
  expect(process.env["PATH"]).toBe(path);
});
