import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { lockedItems } from "../../../../src/rbuild/iso/locked/locked-items.ts";
import { treeLockText } from "../../../../src/rbuild/iso/locked/tree-lock-text.ts";
import { replaceLock } from "../../../../src/rbuild/lock/write-lock.ts";
import { openPool, poolDirectory } from "../../../../src/rbuild/pool/open-pool.ts";
import { buildContainers, loadBuilder, makeBuildLab, type PinnedDigests, TEST_BUILDER, writeDefinition } from "../../../support/iso/build-lab.ts";
import { openTestHost, type TestHost } from "../../../support/iso/container-host.ts";
import { IN_RELEASE, lockedPackage, treeLock } from "../../../unit/rbuild/iso/locked/support.ts";

let host: TestHost;
let proxyImage: PinnedDigests;
beforeAll(async () => {
  host = await openTestHost();
  proxyImage = await loadBuilder(host.docker, "apt-cacher-ng", 'ENTRYPOINT ["/usr/local/bin/rbuild-proxy"]');
});
afterAll(async () => {
  await host[Symbol.asyncDispose]();
});

const bash = lockedPackage("bash");
const lock = treeLock({ packages: [bash] });
const YAML = `builder: ${TEST_BUILDER}\nartifacts: ["*.iso"]\ndisk: 1M\ncapabilities: [DAC_OVERRIDE]\nlock: {suites: [{suite: bookworm}]}\n`;
const MAKEFILE = `iso:
	@echo "mirror [$$RBUILD_MIRROR] proxy [$$http_proxy]"
	@echo "$$(hostname): $$(ls /sys/class/net)"
	@wget -q -Y off -O $(RBUILD_OUTPUT)/a.iso "$$http_proxy/debian/${bash.path}"
fail:
	@exit 1
`;

async function lockedLab() {
  const lab = await makeBuildLab(host.docker, MAKEFILE);
  await writeDefinition(lab.imageDirectory, "apt-cacher-ng", proxyImage);
  const { directory } = lab.tree;
  const places = { path: join(directory, "rbuild.lock.json"), text: treeLockText(lock), beside: join(directory, "rbuild.lock.d") };
  await replaceLock(places, lock.archives, [{ inRelease: Buffer.from(IN_RELEASE), keyring: Buffer.from("keyring") }]);
  await lab.tree.write({ "rbuild.yaml": YAML });
  await lab.tree.commit();
  const pool = await openPool(poolDirectory(lab.stateDirectory));
  const bytes = async function* () {
    yield Buffer.from("bash");
  };
  for (const item of lockedItems(lock)) await pool.put(item, bytes());
  const leftovers = async () => [...(await buildContainers(host.docker)), ...(await readdir(join(lab.stateDirectory, "locked")))];
  return { ...lab, leftovers };
}

test("a build with a lock has its files, no network, and nothing is left of it", async () => {
  const { build, lines, out, leftovers } = await lockedLab();
  expect(await build({ offline: true })).toMatchObject({ publishable: true });
  expect(lines()).toEqual(["mirror [http://locked-archive/debian] proxy [http://127.0.0.1:3142]", "rbuild: lo"]);
  expect(await readFile(join(out, "a.iso"), "utf8")).toBe("bash");
  const manifest = JSON.parse(await readFile(join(out, "rbuild-manifest.json"), "utf8")) as Readonly<Record<string, unknown>>;
  expect(manifest).toMatchObject({ lock: { locked: true, packageCount: 1 }, options: { network: "loopback" } });
  expect(await leftovers()).toEqual([]);
});

test("a build that fails leaves as little", async () => {
  const { build, leftovers } = await lockedLab();
  await expect(build({ target: "fail" })).rejects.toMatchObject({ code: "make.target-failed" });
  expect(await leftovers()).toEqual([]);
});

test("a stale lock stops the build; without the lock the result is not publishable", async () => {
  const { tree, build } = await lockedLab();
  expect(
    await build({
      ignoreLock: true,
      sources: { mirrors: new Map([["debian", "http://mirror.invalid/debian"]]) },
      proxy: { kind: "none" },
      target: "fail",
    }).catch((error: unknown) => error),
  ).toMatchObject({
    code: "make.target-failed",
  });
  await tree.write({ "rbuild.yaml": YAML.replace("bookworm", "trixie") });
  await tree.commit();
  await expect(build()).rejects.toMatchObject({ code: "lock.stale", details: { field: "lock.suites.0.suite" } });
});

test("offline, a tree without a lock is built without a network", async () => {
  const lab = await makeBuildLab(host.docker, 'iso:\n\t@echo "[$$RBUILD_MIRROR] [$$http_proxy] $$(ls /sys/class/net)"; touch $(RBUILD_OUTPUT)/a.iso\n');
  await lab.tree.write({ "rbuild.yaml": YAML.replace(/^lock:.*\n/m, "") });
  await lab.tree.commit();
  const { manifestPath } = await lab.build({ offline: true });
  expect(lab.lines()).toEqual(["[] [] lo"]);
  expect(JSON.parse(await readFile(manifestPath, "utf8"))).toMatchObject({ options: { network: "none", proxy: "none" } });
});
