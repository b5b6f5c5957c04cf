import { existsSync } from "node:fs";
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import { openEngine } from "../../../../src/engine/index.ts";
import { run } from "../../../../src/system/index.ts";
import { loadBusyboxImage } from "../../../support/busybox-image.ts";
import { spawnChildEngine } from "../../../support/engine/child-engine.ts";
import { collect, makeEnginePlace, openTestEngine, startIdle } from "../../../support/engine/test-engine.ts";

test("the next engine removes everything that a killed session has left", async () => {
  await using place = await makeEnginePlace();
  await using child = spawnChildEngine("session", place);
  expect(await child.nextLine()).toBe("ready");
  expect((await place.leftovers()).length).toBeGreaterThan(10);
  await child.kill();
  await using engine = await openEngine(place);
  expect(await engine.containers.list()).toEqual([]);
  expect(await engine.volumes.list()).toEqual([]);
  expect(await place.leftovers()).toEqual([]);
  expect((await readdir(join(place.runRoot, "sessions"))).length).toBe(1);
  expect((await engine.fsck()).findings).toEqual([]);
});

test("the next engine removes what a killed session has left although its root was removed", async () => {
  await using place = await makeEnginePlace();
  await using child = spawnChildEngine("session", place);
  expect(await child.nextLine()).toBe("ready");
  await child.kill();
  await rm(place.root, { recursive: true });
  await using _engine = await openEngine(place);
  expect(await place.leftovers()).toEqual([]);
  expect(await readdir(join(place.runRoot, "containers"))).toEqual([]);
});

test("any engine ends what is left of one whose root was removed, where its run root was not chosen by hand", async () => {
  await using living = await makeEnginePlace();
  await using place = await makeEnginePlace({ ownRunRoot: false });
  await using child = spawnChildEngine("session", place);
  expect(await child.nextLine()).toBe("ready");
  await (await openEngine(living))[Symbol.asyncDispose]();
  expect((await place.leftovers()).length).toBeGreaterThan(10);
  const ids = await readdir(join(place.runRoot, "containers"));
  await rm(place.root, { recursive: true });
  await (await openEngine(living))[Symbol.asyncDispose]();
  expect((await place.leftovers()).length).toBeGreaterThan(10);
  await child.kill();
  // several at once are not in each other's way
  await Promise.all([1, 2, 3, 4].map(async () => await (await openEngine(living))[Symbol.asyncDispose]()));
  const groups = async () => {
    const { stdout } = await run("find", ["/sys/fs/cgroup", "-maxdepth", "3", "-path", "*/rbuild/*"], { okCodes: [0, 1] });
    return stdout.split("\n").filter((path) => ids.some((id) => path.endsWith(id)));
  };
  // any engine: one of another test run may have begun before, and be at it still
  await vi.waitFor(async () => expect([await place.leftovers(), await groups()]).toEqual([[], []]), { timeout: 30_000 });
});

test("nothing is written any more when an engine has closed", async () => {
  await using place = await makeEnginePlace();
  for (let round = 0; round < 4; round++) {
    {
      await using engine = await openEngine(place);
      if (round === 0) await loadBusyboxImage(engine.images, "busybox:test");
      // its ends come while the engine closes
      for (const seconds of ["0", "0.03", "0.06"]) {
        const { id } = await engine.containers.create({ image: "busybox:test", command: ["sleep", seconds], autoRemove: round % 2 === 0 });
        await engine.containers.start(id);
        engine.containers.wait(id).catch(() => undefined);
        const exec = await engine.containers.createExec(id, { command: ["true"] }).catch(() => undefined);
        if (exec) await engine.containers.startExec(exec.id).catch(() => undefined);
      }
      await sleep(round * 10);
    }
    const after = await listing(place);
    await sleep(400);
    expect(await listing(place)).toEqual(after);
    expect(after.filter((line) => /locks\/containers\/.|run\/containers\/./.test(line))).toEqual([]);
  }
});

/** Every file of an engine with its time of change. */
async function listing({ root, runRoot }: { readonly root: string; readonly runRoot: string }): Promise<string[]> {
  const found = await Promise.all([root, runRoot].map((path) => run("find", [path, "-not", "-path", "*/image/*", "-printf", "%C@ %p\n"])));
  return found.flatMap(({ stdout }) => stdout.split("\n")).sort();
}

test("whenever it is killed", async () => {
  await using place = await makeEnginePlace();
  for (let round = 0; round < 8; round++) {
    await using child = spawnChildEngine("churn", place);
    await child.nextLine();
    await sleep(37 * (round + 1));
    await child.kill();
    await using engine = await openEngine(place);
    expect(await engine.containers.list()).toEqual([]);
    expect({ round, left: await place.leftovers() }).toEqual({ round, left: [] });
    expect((await engine.fsck()).findings).toEqual([]);
  }
});

test("a living session's containers stay when another engine opens, which sees them", async () => {
  await using first = await openTestEngine();
  const id = await startIdle(first);
  {
    await using second = await openEngine(first.place);
    expect((await second.containers.get(id)).state.kind).toBe("running");
  }
  expect((await first.containers.get(id)).state.kind).toBe("running");
});

test("closing a session removes its containers", async () => {
  await using place = await makeEnginePlace();
  {
    await using engine = await openEngine(place);
    await loadBusyboxImage(engine.images, "busybox:test");
    await startIdle(engine);
  }
  expect(await place.leftovers()).toEqual([]);
});

test("opening is quick when there is nothing to sweep", async () => {
  await using place = await makeEnginePlace();
  await (await openEngine(place))[Symbol.asyncDispose]();
  const times: number[] = [];
  for (let i = 0; i < 5; i++) {
    const began = performance.now();
    await using _engine = await openEngine(place);
    times.push(performance.now() - began);
  }
  expect(Math.min(...times)).toBeLessThan(50);
});

test("a run root serves one root only", async () => {
  await using engine = await openTestEngine();
  await using other = await makeEnginePlace();
  await expect(openEngine({ root: other.root, runRoot: engine.place.runRoot })).rejects.toMatchObject({ code: "engine.run-root-taken" });
});

test("a service's containers run on without it, and the next service has them back", async () => {
  await using place = await makeEnginePlace();
  await using child = spawnChildEngine("service", place);
  const [stays, ends, comesBack] = [await child.nextLine(), await child.nextLine(), await child.nextLine()];
  expect(await child.nextLine()).toBe("ready");
  await child.kill();
  const hasEnded = async () =>
    existsSync(join(place.runRoot, "exits", ends)) ||
    !(await readFile(join(place.root, "containers", ends, "status.json"), "utf8")).includes('"kind":"running"');
  await vi.waitFor(async () => expect(await hasEnded()).toBe(true), { timeout: 30_000 });
  await using engine = await openEngine({ ...place, lifetime: "service" });
  expect((await engine.containers.get(ends)).state).toMatchObject({ kind: "exited", exit: { kind: "exited", code: 4 } });
  await vi.waitFor(async () => expect((await engine.containers.get(comesBack)).state.kind).toBe("running"), { timeout: 30_000 });
  expect((await engine.containers.get(stays)).state.kind).toBe("running");
  const ended = engine.containers.wait(stays, "next-exit");
  {
    await using streams = await engine.containers.attach(stays, { stdin: true, stdout: true, stderr: true });
    await streams.stdin?.write(Buffer.from("one\n"));
    for await (const { data } of streams.output) {
      expect(Buffer.from(data).toString()).toBe("got one\n");
      break;
    }
  }
  expect((await collect(engine.containers.logs(stays))).stdout).toBe("ready\ngot one\n");
  await engine.containers.stop(stays, { timeout: 0.1 });
  expect(await ended).toMatchObject({ code: 137 });
  for (const { id } of await engine.containers.list()) await engine.containers.remove(id, { force: true });
});
