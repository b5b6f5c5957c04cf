import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { mount, unmount } from "../../../../src/system/index.ts";
import { buildContainers, makeBuildLab } from "../../../support/iso/build-lab.ts";
import { openTestHost, type TestHost } from "../../../support/iso/container-host.ts";

let host: TestHost;
beforeAll(async () => {
  host = await openTestHost();
});
afterAll(async () => {
  await host[Symbol.asyncDispose]();
});

const MAKEFILE = `iso: part
	@cat $(RBUILD_SCRATCH)/part >$(RBUILD_OUTPUT)/live.iso
	@echo built >&2
part:
	@env | sort
	@printf 'image of %s' "$$RBUILD_GIT_COMMIT" >$(RBUILD_SCRATCH)/part
`;

test("builds, exports, and leaves nothing behind", async () => {
  const lab = await makeBuildLab(host.docker, MAKEFILE);
  const result = await lab.build();
  const commit = await lab.tree.git("rev-parse", "HEAD");
  const content = `image of ${commit}`;
  const hash = createHash("sha256").update(content).digest("hex");
  expect(await readFile(join(lab.out, "live.iso"), "utf8")).toBe(content);
  expect(result).toMatchObject({
    publishable: true,
    reasons: [],
    artifacts: [{ path: join(lab.out, "live.iso"), size: content.length, digest: `sha256:${hash}` }],
  });
  expect(await readFile(result.checksumsPath, "utf8")).toBe(`${hash}  live.iso\n`);
  expect((await readdir(lab.out)).sort()).toEqual(["SHA256SUMS", "build.log", "live.iso", "rbuild-manifest.json"]);
  expect(JSON.parse(await readFile(result.manifestPath, "utf8"))).toMatchObject({
    kind: "org.rbuild.build-manifest",
    publishable: true,
    source: { commit, ref: "refs/heads/main", release: false, changedFileCount: 0, directory: "." },
    images: [{ kind: "exact", how: "present" }],
    options: { target: "iso", capabilities: ["CHOWN", "DAC_OVERRIDE", "FOWNER"], proxy: "none", ram: false },
    artifacts: [{ path: "live.iso", size: content.length }],
  });
  expect(await readFile(result.logPath, "utf8")).toContain("\nbuilt\n");
  expect(lab.lines()).toEqual(
    expect.arrayContaining([`RBUILD_GIT_COMMIT=${commit}`, "RBUILD_GIT_REF=refs/heads/main", "SOURCE_DATE_EPOCH=1700000000", "TZ=UTC", "HOSTNAME=rbuild"]),
  );
  expect((await stat(join(lab.out, "live.iso"))).mode & 0o777).toBe(0o666 & ~process.umask());
  expect(await buildContainers(host.docker)).toEqual([]);
  expect(await lab.tree.git("status", "--porcelain", "--", ":!out")).toBe("");
  const steps = lab.events.flatMap((event) => (event.kind === "step.started" ? [`${event.name} ${event.subject ?? ""}`.trim()] : []));
  expect(steps).toEqual(["preflight", "image.check test-builder", "make.target iso", "container.create", "make.target part", "artifact.export", "clean-up"]);
});

test("the source is read-only, .git and earlier output are hidden, privileges are few", async () => {
  const lab = await makeBuildLab(
    host.docker,
    `iso:
	@touch /source/new 2>&1 || true
	@echo x >/source/Makefile || true
	@echo "git [$$(ls -A /source/.git)] out [$$(ls -A /source/out)]"
	@grep CapEff /proc/self/status
	@echo "network [$$(ls /sys/class/net | tr '\\n' ' ')]"
	@touch $(RBUILD_OUTPUT)/a.iso
`,
  );
  await lab.build();
  await lab.build();
  const text = lab.lines().join("\n");
  expect(text).toContain("touch: /source/new: Read-only file system");
  expect(text).toContain("git [] out []");
  expect(text).toContain("CapEff:\t000000000000000b");
  expect(text).toContain("network [lo ]");
  expect(await lab.tree.git("status", "--porcelain", "--", ":!out")).toBe("");
});

test("a failing target leaves its log, the last good artifacts, and says what failed", async () => {
  const lab = await makeBuildLab(host.docker, MAKEFILE);
  await lab.build();
  await lab.tree.write({ Makefile: "iso: chroot\nchroot:\n\t@echo working; touch $(RBUILD_OUTPUT)/live.iso\n\t@echo trouble >&2; exit 9\n" });
  await lab.tree.commit();
  await expect(lab.build()).rejects.toMatchObject({
    code: "make.target-failed",
    category: "failed",
    details: { target: "chroot", exitCode: 9, logPath: join(lab.out, "build-failed.log"), lastLines: expect.arrayContaining(["working", "trouble"]) },
  });
  expect(await readFile(join(lab.out, "build-failed.log"), "utf8")).toContain("working\n");
  expect((await readdir(lab.out)).sort()).toEqual(["SHA256SUMS", "build-failed.log", "build.log", "live.iso", "rbuild-manifest.json"]);
  expect(await readFile(join(lab.out, "live.iso"), "utf8")).toContain("image of");
  expect(await buildContainers(host.docker)).toEqual([]);
});

test("an abort ends the build and cleans up", async () => {
  const lab = await makeBuildLab(host.docker, "iso:\n\t@echo started; sleep 100\n");
  const abort = new AbortController();
  const built = lab.build({ signal: abort.signal });
  built.catch(() => {});
  while (!lab.lines().includes("started")) await sleep(10);
  const began = performance.now();
  abort.abort(new Error("enough"));
  await expect(built).rejects.toThrow("enough");
  expect(performance.now() - began).toBeLessThan(50_000);
  expect(await buildContainers(host.docker)).toEqual([]);
  expect(await readdir(lab.out)).toEqual(["build-failed.log"]);
});

test("a second build of the same tree is refused, naming the first", async () => {
  const lab = await makeBuildLab(host.docker, "iso:\n\t@echo started; sleep 100\n");
  const abort = new AbortController();
  const built = lab.build({ signal: abort.signal });
  built.catch(() => {});
  while (!lab.lines().includes("started")) await sleep(10);
  await expect(lab.build()).rejects.toMatchObject({ code: "iso.already-building", details: { pid: process.pid } });
  const { tree } = await makeBuildLab(host.docker, MAKEFILE);
  await expect(lab.build({ directory: tree.directory, output: lab.out })).rejects.toMatchObject({
    code: "iso.already-building",
    details: { directory: lab.out },
  });
  abort.abort(new Error("enough"));
  await expect(built).rejects.toThrow("enough");
});

test("what is mounted inside the tree is read-only as well", async () => {
  const lab = await makeBuildLab(host.docker, "iso:\n\t@cat /source/data/note; echo x >/source/data/note || touch $(RBUILD_OUTPUT)/a.iso\n", {
    "data/note": "",
  });
  const data = join(lab.tree.directory, "data");
  mount("tmpfs", data, "tmpfs", 0n, "size=1m");
  onTestFinished(() => void unmount(data));
  await lab.tree.write({ "data/note": "mounted\n" });
  await lab.build({ ignoreChanges: true });
  expect(lab.lines()).toContain("mounted");
  expect(await readFile(join(data, "note"), "utf8")).toBe("mounted\n");
});

test("artifacts belong to whoever called sudo", async () => {
  const lab = await makeBuildLab(host.docker, "iso:\n\t@mkdir $(RBUILD_OUTPUT)/sub; touch $(RBUILD_OUTPUT)/sub/a.iso; chmod 600 $(RBUILD_OUTPUT)/sub/a.iso\n");
  await lab.tree.write({ "rbuild.yaml": (await readFile(join(lab.tree.directory, "rbuild.yaml"), "utf8")).replace("*.iso", "**/*.iso") });
  const before = { SUDO_UID: process.env["SUDO_UID"], SUDO_GID: process.env["SUDO_GID"] };
  onTestFinished(() => {
    for (const [name, value] of Object.entries(before)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  });
  Object.assign(process.env, { SUDO_UID: "1234", SUDO_GID: "2345" });
  await lab.build({ ignoreChanges: true });
  for (const name of ["", "sub", "sub/a.iso", "build.log", "SHA256SUMS", "rbuild-manifest.json"]) {
    expect(await stat(join(lab.out, name)), name).toMatchObject({ uid: 1234, gid: 2345 });
  }
  expect((await stat(join(lab.out, "sub/a.iso"))).mode & 0o777).toBe(0o666 & ~process.umask());
});

test("with SYS_ADMIN a build may mount; scratch in memory; devices and memory as named", async () => {
  const lab = await makeBuildLab(
    host.docker,
    `iso:
	@mkdir $(RBUILD_SCRATCH)/m && mount -t tmpfs none $(RBUILD_SCRATCH)/m && umount $(RBUILD_SCRATCH)/m && echo mounted
	@mkdir -p $(RBUILD_SCRATCH)/p && mount -t proc proc $(RBUILD_SCRATCH)/p && umount $(RBUILD_SCRATCH)/p && echo proc
	@mknod $(RBUILD_SCRATCH)/null c 1 3 && echo x >$(RBUILD_SCRATCH)/null && echo node
	@grep ' /scratch tmpfs ' /proc/mounts
	@[ -c /dev/fuse ] && echo fuse
	@touch $(RBUILD_OUTPUT)/a.iso
`,
  );
  await lab.tree.write({
    "rbuild.yaml":
      "builder: test-builder\nnetwork: none\ndisk: 1M\ncapabilities: [SYS_ADMIN, MKNOD, DAC_OVERRIDE]\nram: 20M\nmemory: 200M\ndevices: [/dev/fuse, loop]\n",
  });
  await lab.tree.commit();
  await lab.build();
  const lines = lab.lines();
  expect(lines).toEqual(expect.arrayContaining(["mounted", "proc", "node", "fuse", expect.stringMatching(/^tmpfs \/scratch tmpfs rw,.*size=20480k/)]));
  await lab.tree.write({ "rbuild.yaml": "builder: test-builder\nnetwork: none\ndisk: 1M\ndevices: [/dev/no-such]\n" });
  await expect(lab.build({ ignoreChanges: true })).rejects.toMatchObject({ code: "iso.no-device" });
});
