import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import type { Engine } from "../../../../src/engine/index.ts";
import { readHostFacts } from "../../../../src/engine/runtime/host/host-facts.ts";
import { capabilitiesOfMask, DOCKER_CAPABILITIES } from "../../../../src/oci/index.ts";
import { IMAGE, openTestEngine, runShell } from "../../../support/engine/test-engine.ts";

let engine: Engine;
const host = readHostFacts();
beforeAll(async () => {
  engine = await openTestEngine();
});
afterAll(() => engine?.[Symbol.asyncDispose]());

async function status(spec: Parameters<typeof runShell>[2] = {}): Promise<Record<string, string>> {
  const { stdout } = await runShell(engine, "cat /proc/self/status", spec);
  return Object.fromEntries(stdout.split("\n").flatMap((line) => (line.includes(":\t") ? [line.split(":\t") as [string, string]] : [])));
}

test("grants the default capabilities and no others, with the seccomp filter on", async () => {
  const { CapEff, CapBnd, CapInh, CapAmb, Seccomp, NoNewPrivs } = await status();
  expect(capabilitiesOfMask(CapEff ?? "").sort()).toEqual([...DOCKER_CAPABILITIES].sort());
  expect({ CapBnd, CapInh, CapAmb, Seccomp, NoNewPrivs }).toEqual({
    CapBnd: CapEff,
    CapInh: "0".repeat(16),
    CapAmb: "0".repeat(16),
    Seccomp: "2",
    NoNewPrivs: "0",
  });
});

test("adds, drops and cuts capabilities to what the host has", async () => {
  const { CapEff } = await status({ security: { capDrop: ["ALL"], capAdd: ["chown", "CAP_SETUID"], seccomp: "unconfined" } });
  expect(capabilitiesOfMask(CapEff ?? "")).toEqual(["CHOWN", "SETUID"]);
  const all = await engine.containers.create({ image: IMAGE, security: { capAdd: ["ALL"] } });
  expect(all.capabilities).toEqual([...host.capabilities].sort());
  expect(all.warnings.join()).toContain(host.capabilities.has("SYS_RESOURCE") ? "" : "SYS_RESOURCE");
  await engine.containers.remove(all.id);
  await expect(engine.containers.create({ image: IMAGE, security: { capAdd: ["NO_SUCH"] } })).rejects.toMatchObject({ code: "container.unknown-capability" });
});

test("leaves a user who is not root without effective capabilities", async () => {
  const { CapEff, CapBnd } = await status({ user: "builder" });
  expect(CapEff).toBe("0".repeat(16));
  expect(capabilitiesOfMask(CapBnd ?? "").sort()).toEqual([...DOCKER_CAPABILITIES].sort());
});

test("filters system calls by capability", async () => {
  const script = "unshare -m true 2>&1; mount -t tmpfs none /mnt 2>&1; echo end";
  expect((await runShell(engine, script)).stdout).toMatch(/Operation not permitted[\s\S]*(Operation not permitted|permission denied)[\s\S]*end/);
  const { stdout } = await runShell(engine, "unshare -m true && echo ok", { security: { capAdd: ["SYS_ADMIN"] } });
  expect(stdout).toBe("ok\n");
  expect((await status({ security: { seccomp: "unconfined" } }))["Seccomp"]).toBe("0");
});

test("takes a seccomp profile in Docker's form", async () => {
  const profile = { defaultAction: "SCMP_ACT_ALLOW", syscalls: [{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 28 }] };
  const { stderr } = await runShell(engine, "mkdir /x", { security: { seccomp: { profile } } });
  expect(stderr).toContain("No space left on device");
  await expect(runShell(engine, "true", { security: { seccomp: { profile: { syscalls: 3 } } } })).rejects.toMatchObject({
    code: "container.bad-seccomp-profile",
  });
});

test("hides and protects the kernel's files", async () => {
  const script =
    "cat /proc/kcore | head -c1 | wc -c; ls /proc/scsi /sys/firmware 2>/dev/null | grep -c '^[a-z]'; echo x > /proc/sys/kernel/domainname; echo x > /sys/kernel/mm/ksm/run";
  const { stdout, stderr } = await runShell(engine, script);
  expect(stdout).toBe("0\n0\n");
  expect(stderr.match(/Read-only file system/g)?.length).toBe(2);
});

test("a privileged container gets all the host has", async () => {
  const script =
    "grep -E 'CapEff|Seccomp:' /proc/self/status; mount -t tmpfs none /tmp && echo mounted; ls /dev/loop-control /dev/kvm 2>/dev/null | wc -l; head -c1 /dev/vda 2>/dev/null | wc -c";
  const { stdout, exit } = await runShell(engine, script, { security: { privileged: true } });
  expect(exit.code).toBe(0);
  expect(capabilitiesOfMask(/CapEff:\s*([0-9a-f]+)/.exec(stdout)?.[1] ?? "").sort()).toEqual([...host.capabilities].sort());
  expect(stdout).toMatch(/Seccomp:\s*0[\s\S]*mounted/);
});

test("mounts read-only what is to be read-only, and the root too", async () => {
  const directory = await mkdtemp("/var/tmp/rbuild-test-bind-");
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  await writeFile(join(directory, "file"), "host\n");
  const bind = (readOnly: boolean) => [{ kind: "bind" as const, source: directory, target: "/data", readOnly }];
  const refused = await runShell(engine, "cat /data/file; echo inside > /data/file; echo inside > /data/new", { mounts: bind(true) });
  expect(refused).toMatchObject({ stdout: "host\n", exit: { code: 1 } });
  expect(await readFile(join(directory, "file"), "utf8")).toBe("host\n");
  await runShell(engine, "echo inside > /data/file", { mounts: bind(false) });
  expect(await readFile(join(directory, "file"), "utf8")).toBe("inside\n");
  const { stderr, exit } = await runShell(engine, "echo x > /x", { security: { readOnlyRootfs: true } });
  expect({ code: exit.code, refused: stderr.includes("Read-only file system") }).toEqual({ code: 1, refused: true });
});

test("gives tmpfs of the size and mode asked for", async () => {
  const mounts = [{ kind: "tmpfs" as const, target: "/scratch", size: 1024 * 1024, mode: 0o700, options: ["noexec"] }];
  const { stdout } = await runShell(engine, "grep ' /scratch ' /proc/mounts; stat -c %a /scratch; head -c 2000000 /dev/zero > /scratch/x; wc -c < /scratch/x", {
    mounts,
  });
  expect(stdout).toMatch(/tmpfs rw,nosuid,nodev,noexec.*size=1024k/);
  expect(stdout).toContain("\n700\n1048576\n");
});

test("gives the devices named, and no others", async () => {
  const script = "ls -l /dev/probe; head -c1 /dev/probe | wc -c; mknod /tmp/k b 7 0 && head -c0 /tmp/k; echo $?";
  const { stdout, stderr } = await runShell(engine, script, {
    resources: { devices: [{ pathOnHost: "/dev/zero", pathInContainer: "/dev/probe", permissions: "r" }] },
  });
  expect(stdout).toMatch(/1,\s+5 .*\/dev\/probe\n1\n/);
  if (host.cgroups.controllers.includes("devices")) expect(stderr).toContain("Operation not permitted");
  await expect(
    runShell(engine, "true", { resources: { devices: [{ pathOnHost: "/dev/absent", pathInContainer: "/dev/x", permissions: "r" }] } }),
  ).rejects.toMatchObject({ code: "container.no-such-device" });
});

test("limits what the host has controllers for", async () => {
  const { stdout } = await runShell(engine, "ulimit -n; ulimit -Hn; sh -c 'for i in 1 2 3 4 5 6 7 8 9; do sleep 1 & done; wait' 2>&1 | head -1", {
    resources: { pidsLimit: 6, ulimits: [{ name: "nofile", soft: 100, hard: 200 }] },
  });
  expect(stdout).toMatch(/^100\n200\n/);
  if (host.cgroups.controllers.includes("pids")) expect(stdout).toContain("Resource temporarily unavailable");
});

test.runIf(host.cgroups.controllers.includes("memory"))("tells that a container ran out of memory", async () => {
  const { exit } = await runShell(engine, "exec tail -c 200000000 /dev/zero", { resources: { memory: 16 * 1024 * 1024 } });
  expect(exit).toEqual({ kind: "out-of-memory", code: 137 });
});

test("cuts limits to the host's own and says so", async () => {
  const hard = host.limits.get("nofile")?.hard ?? Number.POSITIVE_INFINITY;
  if (hard === Number.POSITIVE_INFINITY) return;
  const info = await engine.containers.create({ image: IMAGE, resources: { ulimits: [{ name: "nofile", soft: hard * 2, hard: hard * 2 }] } });
  expect(info.warnings.join()).toContain(`cut to ${hard}`);
  await engine.containers.remove(info.id);
});

test("keeps no trace of what it mounted on in the container's changes", async () => {
  const { id } = await engine.containers.create({
    image: IMAGE,
    command: ["sh", "-c", "echo kept > /root/kept"],
    mounts: [{ kind: "tmpfs", target: "/deep/er/place" }],
  });
  await engine.containers.start(id);
  await engine.containers.wait(id);
  expect(await engine.containers.changes(id)).toEqual([
    { kind: "modified", path: "/root" },
    { kind: "added", path: "/root/kept" },
  ]);
  await engine.containers.remove(id);
});
