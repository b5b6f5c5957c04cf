import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Engine } from "../../../../src/engine/index.ts";
import { IMAGE, openTestEngine, runShell, startIdle } from "../../../support/engine/test-engine.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await openTestEngine();
});
afterAll(() => engine?.[Symbol.asyncDispose]());

test("keeps stdout and stderr apart and reports the exit code", async () => {
  expect(await runShell(engine, "echo out; echo err >&2; exit 7")).toEqual({ exit: { kind: "exited", code: 7 }, stdout: "out\n", stderr: "err\n" });
});

test("tells an end by a signal", async () => {
  const { id } = await engine.containers.create({ image: IMAGE, command: ["sleep", "1000"] });
  await engine.containers.start(id);
  await engine.containers.kill(id);
  expect(await engine.containers.wait(id)).toEqual({ kind: "signaled", signal: 9, code: 137 });
  expect((await engine.containers.get(id)).state).toMatchObject({ kind: "exited", exit: { kind: "signaled", signal: 9 } });
  await engine.containers.remove(id);
});

test("stops with the stop signal, and with SIGKILL what does not obey", async () => {
  const obedient = await startIdle(engine);
  const began = performance.now();
  expect(await engine.containers.stop(obedient, { timeout: 20 })).toBe(true);
  expect(performance.now() - began).toBeLessThan(5000);
  expect((await engine.containers.get(obedient)).state).toMatchObject({ exit: { code: 0 } });
  expect(await engine.containers.stop(obedient)).toBe(false);
  const deaf = await startIdle(engine, {}, "");
  await engine.containers.stop(deaf, { timeout: 0.3 });
  expect((await engine.containers.get(deaf)).state).toMatchObject({ exit: { code: 137 } });
  for (const id of [obedient, deaf]) await engine.containers.remove(id);
});

test("ends stdin of the process when the client ends it", async () => {
  expect(await runShell(engine, "cat; echo done", { input: "two\nlines\n" })).toMatchObject({ stdout: "two\nlines\ndone\n", exit: { code: 0 } });
});

test("carries 50 MB in and out unchanged", async () => {
  const megabytes = 50;
  const input = Buffer.alloc(megabytes * 1024 * 1024, "0123456789abcdefghijklmnopqrstuvwxyz\n");
  const { stdout } = await runShell(engine, "sha256sum", { input });
  const { createHash } = await import("node:crypto");
  const digest = createHash("sha256").update(input).digest("hex");
  expect(stdout.slice(0, 64)).toBe(digest);
  const { id } = await engine.containers.create({ image: IMAGE, command: ["sh", "-c", `yes 0123456789abcdef | head -c ${megabytes * 1024 * 1024}`] });
  await using streams = await engine.containers.attach(id, { stdin: false, stdout: true, stderr: true });
  await engine.containers.start(id);
  const hash = createHash("sha256");
  let size = 0;
  for await (const { data } of streams.output) {
    hash.update(data);
    size += data.byteLength;
  }
  const expected = createHash("sha256")
    .update(Buffer.alloc(megabytes * 1024 * 1024, "0123456789abcdef\n"))
    .digest("hex");
  expect({ size, digest: hash.digest("hex") }).toEqual({ size: megabytes * 1024 * 1024, digest: expected });
  await engine.containers.remove(id, { force: true });
});

test("gives a terminal of the size asked for, whose output is all stdout", async () => {
  // the monitor may have what is typed before the size
  const script = "read x; until stty size 2> /dev/null | grep 33; do sleep 0.1; done; tty; echo err >&2";
  const { id } = await engine.containers.create({ image: IMAGE, tty: true, openStdin: true, command: ["sh", "-c", script] });
  await using streams = await engine.containers.attach(id, { stdin: true, stdout: true, stderr: true });
  await engine.containers.start(id);
  await engine.containers.resize(id, { rows: 33, columns: 101 });
  await streams.stdin?.write(Buffer.from("go\n"));
  let text = "";
  for await (const { stream, data } of streams.output) {
    expect(stream).toBe("stdout");
    text += Buffer.from(data).toString();
  }
  expect(text).toMatch(/33 101\r\n\/dev\/(pts\/0|console)\r\nerr\r\n/);
  await engine.containers.remove(id, { force: true });
});

test("resolves users and groups by the container's own files", async () => {
  expect((await runShell(engine, "id; echo $HOME", { user: "builder" })).stdout).toBe(
    "uid=1000(builder) gid=1000(builder) groups=50(staff),1000(builder)\n/home/builder\n",
  );
  expect((await runShell(engine, "id -u; id -g; id -G", { user: "1234:50" })).stdout).toBe("1234\n50\n50\n");
  await expect(runShell(engine, "true", { user: "nobody-here" })).rejects.toMatchObject({ code: "container.unknown-user" });
});

test("merges environment, directory and command over the image's", async () => {
  const { stdout } = await runShell(engine, "env; pwd", { env: ["A=1", "B=two words"], workingDir: "/made/for/it", hostname: "somewhere" });
  expect(stdout).toContain("A=1\n");
  expect(stdout).toContain("B=two words\n");
  expect(stdout).toContain("HOSTNAME=somewhere\n");
  expect(stdout.trim().endsWith("/made/for/it")).toBe(true);
  const { stdout: entry } = await runShell(engine, "", { entrypoint: ["echo", "a"], command: ["b"] });
  expect(entry).toBe("a b\n");
});

test("says which command was not found, and leaves nothing of the try", async () => {
  const { id } = await engine.containers.create({ image: IMAGE, command: ["/no/such/program"] });
  await expect(engine.containers.start(id)).rejects.toMatchObject({ code: "container.command-not-found", details: { exitCode: 127 } });
  expect((await engine.containers.get(id)).state.kind).toBe("created");
  expect(await engine.containers.changes(id)).toEqual([]);
  await engine.containers.remove(id);
});

test("starts again after its end, with what it has written", async () => {
  const { id } = await engine.containers.create({ image: IMAGE, command: ["sh", "-c", "echo x >> /count; wc -l < /count"] });
  for (const lines of ["1", "2"]) {
    const streams = await engine.containers.attach(id, { stdin: false, stdout: true, stderr: true });
    await engine.containers.start(id);
    let text = "";
    for await (const { data } of streams.output) text += Buffer.from(data).toString();
    expect(text.trim()).toBe(lines);
    await engine.containers.wait(id);
  }
  await engine.containers.remove(id);
});

test("finds by name, by prefix of the id, and refuses a name that is taken", async () => {
  const a = await engine.containers.create({ image: IMAGE, name: "first" });
  expect((await engine.containers.get("first")).id).toBe(a.id);
  expect((await engine.containers.get(a.id.slice(0, 12))).name).toBe("first");
  await expect(engine.containers.create({ image: IMAGE, name: "first" })).rejects.toMatchObject({ code: "container.name-in-use" });
  await engine.containers.rename("first", "second");
  await expect(engine.containers.get("first")).rejects.toMatchObject({ code: "container.not-found" });
  await engine.containers.remove("second");
  expect(await engine.containers.list()).toEqual([]);
});

test("removes a running container only by force, one with autoRemove by itself", async () => {
  const id = await startIdle(engine);
  await expect(engine.containers.remove(id)).rejects.toMatchObject({ code: "container.running" });
  await engine.containers.remove(id, { force: true });
  await expect(engine.containers.get(id)).rejects.toMatchObject({ code: "container.not-found" });
  const auto = await engine.containers.create({ image: IMAGE, autoRemove: true, command: ["sh", "-c", "exit 5"] });
  const removed = engine.containers.wait(auto.id, "removed");
  await engine.containers.start(auto.id);
  expect(await removed).toMatchObject({ code: 5 });
  await expect(engine.containers.get(auto.id)).rejects.toMatchObject({ code: "container.not-found" });
});

test("pauses and goes on", async () => {
  const id = await startIdle(engine);
  await engine.containers.pause(id);
  expect((await engine.containers.get(id)).state).toMatchObject({ kind: "running", paused: true });
  await expect(engine.containers.createExec(id, { command: ["true"] })).rejects.toMatchObject({ code: "container.paused" });
  await engine.containers.unpause(id);
  expect((await engine.containers.get(id)).state).toMatchObject({ kind: "running", paused: false });
  await engine.containers.remove(id, { force: true });
});

test.each(["crun", "runc"] as const)("%s: what a kill between freezing and noting it leaves can be undone", async (runtime) => {
  await using own = await openTestEngine({ runtime });
  const id = await startIdle(own);
  const path = join(own.place.root, "containers", id, "status.json");
  const thawed = await readFile(path, "utf8");
  await own.containers.pause(id);
  const noted = await readFile(path, "utf8");
  await own.containers.unpause(id);
  // killed before it froze, or after it thawed
  await writeFile(path, noted);
  await own.containers.unpause(id);
  expect(await readFile(path, "utf8")).toBe(thawed);
  await expect(own.containers.unpause(id)).rejects.toMatchObject({ code: "container.not-paused" });
});

test("lists the processes inside", async () => {
  const id = await startIdle(engine);
  const { titles, processes } = await engine.containers.top(id);
  expect(titles).toContain("PID");
  expect(processes.some((row) => row.at(-1)?.startsWith("sleep 3600"))).toBe(true);
  await engine.containers.remove(id, { force: true });
});
