import { mkdtemp, rm } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { LABELS } from "../../../../src/rbuild/container-host/labels.ts";
import { takeCacheSlot } from "../../../../src/rbuild/iso/proxy/cache-slot.ts";
import { buildContainers, loadBuilder, makeBuildLab, type PinnedDigests, TEST_BUILDER, writeDefinition } from "../../../support/iso/build-lab.ts";
import { openTestHost, type TestHost } from "../../../support/iso/container-host.ts";

let host: TestHost;
let proxyImage: PinnedDigests;
beforeAll(async () => {
  host = await openTestHost();
  proxyImage = await loadBuilder(host.docker, "apt-cacher-ng", 'ENTRYPOINT ["/usr/local/bin/rbuild-proxy"]');
});
afterAll(async () => {
  const volume = host.docker.getVolume("rbuild-apt-cache");
  await volume.remove().catch(() => {});
  await host[Symbol.asyncDispose]();
});

const MAKEFILE = `iso:
	@echo "proxy [$$http_proxy]"
	@wget -q -Y off -O $(RBUILD_OUTPUT)/log.iso "$$http_proxy/log"
	@cat $(RBUILD_OUTPUT)/log.iso
`;

async function proxyLab(makefile = MAKEFILE) {
  const lab = await makeBuildLab(host.docker, makefile);
  await writeDefinition(lab.imageDirectory, "apt-cacher-ng", proxyImage);
  await lab.tree.write({ "rbuild.yaml": `builder: ${TEST_BUILDER}\nartifacts: ["*.iso"]\ndisk: 1M\ncapabilities: [DAC_OVERRIDE]\n` });
  await lab.tree.commit();
  return lab;
}

test("a linked proxy serves the build alone, from a cache that survives, shrunk before and after", async () => {
  const lab = await proxyLab();
  await lab.build({ proxy: { kind: "link", upstream: "http://upstream:3128" } });
  expect(lab.lines()).toContainEqual(expect.stringMatching(/^proxy \[http:\/\/\d+\.\d+\.\d+\.\d+:3142\]$/));
  expect(await buildContainers(host.docker)).toEqual([]);
  await lab.build({ sources: { mirrors: new Map([["debian", "http://mirror.invalid/debian"]]) } });
  const log = lab.lines().filter((line) => /^(?:served|shrunk)/.test(line));
  // The second build's view of the log has what the first one left.
  expect(log.slice(-5).map((line) => line.trim())).toEqual(["shrunk 5120M", "served Proxy=http://upstream:3128", "shrunk 5120M", "shrunk 5120M", "served"]);
  const steps = lab.events.flatMap((event) => (event.kind === "step.started" && event.name.startsWith("proxy.") ? [event.name] : []));
  expect(steps.slice(0, 3)).toEqual(["proxy.shrink", "proxy.start", "proxy.shrink"]);
});

test("without a proxy, or with one that is elsewhere, none is started", async () => {
  const lab = await proxyLab('iso:\n\t@echo "proxy [$$http_proxy]"; touch $(RBUILD_OUTPUT)/a.iso\n');
  await lab.build({ proxy: { kind: "none" } });
  await lab.build({ proxy: { kind: "url", url: "http://proxy.invalid:3142" } });
  expect(lab.lines()).toEqual(["proxy []", "proxy [http://proxy.invalid:3142]"]);
  await expect(lab.build({ proxy: { kind: "url", url: "http://localhost:3142" } })).rejects.toMatchObject({ code: "proxy.on-loopback" });
});

test("a proxy image that is not the pinned one is refused", async () => {
  const lab = await proxyLab();
  await writeDefinition(lab.imageDirectory, "apt-cacher-ng", { ...proxyImage, imageId: `sha256:${"2".repeat(64)}` });
  await expect(lab.build()).rejects.toMatchObject({ code: "image.pin-mismatch", details: { name: "apt-cacher-ng" } });
});

test("two builds at once get a cache each", async () => {
  const state = await mkdtemp("/var/tmp/rbuild-slots-");
  {
    await using first = await takeCacheSlot(state, host.docker);
    await using second = await takeCacheSlot(state, host.docker);
    expect([first.volume, second.volume]).toEqual(["rbuild-apt-cache", "rbuild-apt-cache-2"]);
  }
  const foreign = await host.docker.createContainer({
    Image: `rbuild/${TEST_BUILDER}:1`,
    Cmd: ["sleep", "100"],
    Labels: { [LABELS.cache]: "rbuild-apt-cache" },
  });
  try {
    await foreign.start();
    await using other = await takeCacheSlot(state, host.docker);
    expect(other.volume).toBe("rbuild-apt-cache-2");
  } finally {
    await foreign.remove({ force: true });
    await rm(state, { recursive: true });
  }
});

test("a proxy that does not start is an error with its last words", async () => {
  const lab = await proxyLab();
  const broken = await loadBuilder(host.docker, "broken-proxy", 'ENTRYPOINT ["/bin/sh", "-c", "echo last words; sleep 0.3"]');
  await writeDefinition(lab.imageDirectory, "apt-cacher-ng", broken);
  await host.docker.getImage("rbuild/apt-cacher-ng:1").tag({ repo: "rbuild/apt-cacher-ng", tag: "kept" });
  await host.docker.getImage(broken.imageId).tag({ repo: "rbuild/apt-cacher-ng", tag: "1" });
  await expect(lab.build()).rejects.toMatchObject({ code: "proxy.did-not-start", details: { lastLines: expect.stringContaining("last words") } });
  await host.docker.getImage("rbuild/apt-cacher-ng:kept").tag({ repo: "rbuild/apt-cacher-ng", tag: "1" });
  expect(await buildContainers(host.docker)).toEqual([]);
});
