import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import type { ContainerMount, Engine } from "../../../../src/engine/index.ts";
import { run } from "../../../../src/system/index.ts";
import { collect, IMAGE, openTestEngine, runShell, startIdle } from "../../../support/engine/test-engine.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await openTestEngine();
});
afterAll(() => engine?.[Symbol.asyncDispose]());

test("a named volume gets the image's files once and keeps what is written", async () => {
  const mounts: ContainerMount[] = [{ kind: "volume", name: "homes", target: "/home", readOnly: false }];
  const first = await runShell(
    engine,
    "ls -ln /home | tail -1 | awk '{print $3,$9}'; echo kept > /home/builder/kept; rmdir /home/nothing 2>/dev/null; mkdir /home/more",
    { mounts },
  );
  expect(first.stdout).toBe("1000 builder\n");
  expect((await runShell(engine, "cat /home/builder/kept; ls /home", { mounts })).stdout).toBe("kept\nbuilder\nmore\n");
  const { mountpoint } = await engine.volumes.get("homes");
  expect((await readdir(mountpoint)).sort()).toEqual(["builder", "more"]);
  const image = await runShell(engine, "ls /home", {});
  expect(image.stdout).toBe("builder\n");
});

test("leaves the image's files out when told to, and never copies into a volume that has some", async () => {
  expect((await runShell(engine, "ls -A /etc | wc -l", { mounts: [{ kind: "volume", target: "/etc", readOnly: false, noCopy: true }] })).stdout).not.toContain(
    "passwd",
  );
  const mounts: ContainerMount[] = [{ kind: "volume", name: "used", target: "/data", readOnly: false }];
  await runShell(engine, "echo x > /data/x", { mounts });
  expect((await runShell(engine, "ls /home", { mounts: [{ ...mounts[0], target: "/home" } as ContainerMount] })).stdout).toBe("x\n");
});

test("a volume gets owner and mode of the directory it covers", async () => {
  const { stdout } = await runShell(engine, "stat -c '%a %u' /tmp /home/builder", {
    mounts: [
      { kind: "volume", target: "/tmp", readOnly: false },
      { kind: "volume", target: "/home/builder", readOnly: false },
    ],
  });
  expect(stdout).toBe("1777 0\n755 1000\n");
});

test("a volume in use stays; an anonymous one goes with its container when asked", async () => {
  const { id, mounts } = await engine.containers.create({
    image: IMAGE,
    mounts: [
      { kind: "volume", name: "held", target: "/held", readOnly: false },
      { kind: "volume", target: "/anonymous", readOnly: false },
    ],
  });
  await expect(engine.volumes.remove("held")).rejects.toMatchObject({ code: "volume.in-use" });
  await engine.containers.remove(id, { volumes: true });
  const names = (await engine.volumes.list()).map(({ name }) => name);
  expect(names).toContain("held");
  expect(names).not.toContain(mounts[1]?.volumeName);
  await engine.volumes.remove("held");
});

test("makes a missing source when told to, else names it", async () => {
  const parent = await mkdtemp("/var/tmp/rbuild-test-source-");
  onTestFinished(() => rm(parent, { recursive: true, force: true }));
  const source = join(parent, "made/for/it");
  await expect(engine.containers.create({ image: IMAGE, mounts: [{ kind: "bind", source, target: "/x", readOnly: false }] })).rejects.toMatchObject({
    code: "container.mount-source-missing",
    details: { source },
  });
  expect((await runShell(engine, "echo 1 > /x/f", { mounts: [{ kind: "bind", source, target: "/x", readOnly: false, createSource: true }] })).exit.code).toBe(
    0,
  );
  expect((await stat(join(source, "f"))).size).toBe(2);
});

test("a create that fails leaves no volume", async () => {
  const before = await engine.volumes.list();
  const mounts = [
    { kind: "volume", target: "/a", readOnly: false },
    { kind: "bind", source: "/no/such", target: "/b", readOnly: false },
  ] as const;
  await expect(engine.containers.create({ image: IMAGE, mounts })).rejects.toMatchObject({ code: "container.mount-source-missing" });
  expect(await engine.volumes.list()).toEqual(before);
});

test("mounts inside mounts, a file, and over a missing path", async () => {
  const source = await mkdtemp("/var/tmp/rbuild-test-source-");
  onTestFinished(() => rm(source, { recursive: true, force: true }));
  const { stdout } = await runShell(engine, "touch /outer/inner/x /outer/y; ls /outer /outer/inner; head -1 /etc/motd.d/os; grep -c ' /outer' /proc/mounts", {
    mounts: [
      { kind: "tmpfs", target: "/outer/inner" },
      { kind: "bind", source, target: "/outer", readOnly: false },
      { kind: "bind", source: "/etc/os-release", target: "/etc/motd.d/os", readOnly: true },
    ],
  });
  expect(stdout).toMatch(/^\/outer:\ninner\ny\n\n\/outer\/inner:\nx\n.*=.*\n2\n$/);
  expect(await readdir(source)).toEqual(["inner", "y"]);
});

test.each([
  ["rshared", "host container"],
  ["rslave", "host"],
  ["rprivate", ""],
] as const)("passes mounts on as %s says", async (propagation, seen) => {
  const source = await mkdtemp("/var/tmp/rbuild-test-shared-");
  await run("mount", ["--bind", source, source]);
  onTestFinished(async () => {
    await run("umount", ["--recursive", "--lazy", source]);
    await rm(source, { recursive: true, force: true });
  });
  await run("mount", ["--make-shared", source]);
  for (const name of ["of-host", "of-container"]) await mkdir(join(source, name));
  const script = "mount -t tmpfs none /data/of-container; echo ready; while ! [ -e /data/of-container/stop ]; do sleep 0.05; done; ls /data/of-host";
  const security = { capAdd: ["SYS_ADMIN"], seccomp: "unconfined" } as const;
  const id = await startIdle(engine, {
    command: ["sh", "-c", script],
    security,
    mounts: [{ kind: "bind", source, target: "/data", readOnly: false, propagation }],
  });
  await run("mount", ["-t", "tmpfs", "none", join(source, "of-host")]);
  await writeFile(join(source, "of-host", "host"), "");
  const mountinfo = await readFile("/proc/self/mountinfo", "utf8");
  const fromContainer = mountinfo.includes(` ${source}/of-container `) ? "container" : "";
  const { id: exec } = await engine.containers.createExec(id, { command: ["sh", "-c", "ls /data/of-host; touch /data/of-container/stop"] });
  const { stdout } = await collect((await engine.containers.startExec(exec)).output);
  await engine.containers.remove(id, { force: true });
  expect(`${stdout.trim()} ${fromContainer}`.trim()).toBe(seen);
});

test("refuses targets that cannot be", async () => {
  for (const target of ["/", "relative", ""]) {
    await expect(engine.containers.create({ image: IMAGE, mounts: [{ kind: "tmpfs", target }] })).rejects.toMatchObject({ code: "container.bad-mount-target" });
  }
  const twice: ContainerMount[] = [
    { kind: "tmpfs", target: "/x" },
    { kind: "tmpfs", target: "/x/" },
  ];
  await expect(engine.containers.create({ image: IMAGE, mounts: twice })).rejects.toMatchObject({ code: "container.duplicate-mount" });
});
