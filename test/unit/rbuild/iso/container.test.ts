import { expect, test } from "vitest";
import { capabilitiesOfMask } from "../../../../src/oci/index.ts";
import { cutToBoundingSet } from "../../../../src/rbuild/iso/container/bounding-set.ts";
import { type ContainerPlan, containerOptions } from "../../../../src/rbuild/iso/container/build-container.ts";
import { buildEnvironment } from "../../../../src/rbuild/iso/container/environment.ts";
import { mountsBelow } from "../../../../src/rbuild/iso/container/source-mounts.ts";
import type { GitFacts } from "../../../../src/rbuild/iso/git/git-facts.ts";

const GIT: GitFacts = {
  commit: "c".repeat(40),
  ref: "refs/heads/main",
  tag: undefined,
  baseBranch: { name: "main", mergeBase: "b".repeat(40), ahead: 0 },
  changedFiles: [],
  isRelease: false,
  sourceDateEpoch: 1_700_000_000,
};

const PLAN: ContainerPlan = {
  buildId: "0123456789ab",
  role: "build",
  tree: "/home/me/tree",
  stateDirectory: "/state",
  imageId: "sha256:aa",
  command: ["make", "iso"],
  environment: ["A=b"],
  source: { directory: "/home/me/tree", masks: [{ path: ".git", empty: "/empty" }], mounts: ["data"] },
  output: "/staging/output",
  capabilities: ["CHOWN"],
  devices: [],
  network: "bridge",
};

test("a build's container has exactly what was named, and is never privileged", () => {
  const options = containerOptions(PLAN);
  expect(options).toMatchObject({
    Image: "sha256:aa",
    Hostname: "rbuild",
    WorkingDir: "/source",
    Entrypoint: ["make"],
    Cmd: ["iso"],
    Labels: { "org.rbuild.build": "0123456789ab", "org.rbuild.tree": "/home/me/tree", "org.rbuild.state": "/state", "org.rbuild.role": "build" },
    HostConfig: { CapDrop: ["ALL"], CapAdd: ["CHOWN"], SecurityOpt: [], NetworkMode: "bridge" },
  });
  expect(options.HostConfig?.Privileged).toBeUndefined();
  expect(options.HostConfig?.Mounts).toEqual([
    { Type: "bind", Source: "/home/me/tree", Target: "/source", ReadOnly: true },
    { Type: "bind", Source: "/home/me/tree/data", Target: "/source/data", ReadOnly: true },
    { Type: "bind", Source: "/empty", Target: "/source/.git", ReadOnly: true },
    { Type: "bind", Source: "/staging/output", Target: "/output", ReadOnly: false },
  ]);
});

test("profiles are lifted for mounting alone; devices, memory and the proxy's link only when asked for", () => {
  const options = containerOptions({
    ...PLAN,
    capabilities: ["CHOWN", "SYS_ADMIN"],
    devices: ["/dev/kvm", "loop"],
    memory: 1024,
    scratchMemory: 4096,
    proxy: { kind: "link", container: "proxy", alias: "apt-cacher-ng" },
  });
  expect(options.HostConfig).toMatchObject({
    SecurityOpt: ["seccomp=unconfined", "apparmor=unconfined"],
    Devices: [{ PathOnHost: "/dev/kvm", PathInContainer: "/dev/kvm", CgroupPermissions: "rwm" }],
    DeviceCgroupRules: ["b 7:* rwm", "c 10:237 rwm"],
    Memory: 1024,
    MemorySwap: 1024,
    Tmpfs: { "/scratch": "rw,exec,suid,dev,size=4096,mode=755" },
    Links: ["proxy:apt-cacher-ng"],
  });
});

test("the environment is complete, sorted, and has nothing of the host", () => {
  expect(buildEnvironment({ git: GIT, own: { Z: "1", A: "2" }, mirrors: new Map(), proxy: undefined })).toEqual([
    "A=2",
    "LC_ALL=C.UTF-8",
    `RBUILD_GIT_BASE_BRANCH=main`,
    `RBUILD_GIT_BASE_COMMIT=${"b".repeat(40)}`,
    `RBUILD_GIT_COMMIT=${"c".repeat(40)}`,
    "RBUILD_GIT_DIRTY=0",
    "RBUILD_GIT_REF=refs/heads/main",
    "RBUILD_GIT_TAG=",
    "RBUILD_OUTPUT=/output",
    "RBUILD_SCRATCH=/scratch",
    "SOURCE_DATE_EPOCH=1700000000",
    "TZ=UTC",
    "Z=1",
  ]);
  const set = buildEnvironment({
    git: { ...GIT, tag: "v1", changedFiles: ["x"] },
    own: {},
    mirrors: new Map([
      ["debian", "http://m/debian"],
      ["debian-security", "http://m/s"],
    ]),
    proxy: "http://p:1",
  });
  expect(set).toEqual(
    expect.arrayContaining([
      "RBUILD_GIT_TAG=v1",
      "RBUILD_GIT_DIRTY=1",
      "RBUILD_MIRROR=http://m/debian",
      "RBUILD_MIRROR_DEBIAN_SECURITY=http://m/s",
      "http_proxy=http://p:1",
    ]),
  );
});

test("capabilities are cut to what the host has", () => {
  expect(cutToBoundingSet(["CHOWN", "SYS_ADMIN", "SETFCAP"], capabilitiesOfMask("000001fffeffffff"))).toEqual({
    granted: ["CHOWN", "SYS_ADMIN", "SETFCAP"],
    missing: [],
  });
  expect(cutToBoundingSet(["CHOWN", "SYS_ADMIN", "SETFCAP"], capabilitiesOfMask("00000000a80425fb"))).toEqual({
    granted: ["CHOWN", "SETFCAP"],
    missing: ["SYS_ADMIN"],
  });
});

test("mounts inside the tree are found under their real names", () => {
  const info = [
    "1 0 0:1 / / rw - ext4 a rw",
    "2 1 0:2 / /t rw - a b c",
    "3 2 0:3 / /t/b\\040c/d rw - a b c",
    "4 2 0:4 / /t/a rw - a b c",
    "5 2 0:4 / /t/a rw - a b c",
    "6 1 0:5 / /tt/x rw - a b c",
  ];
  expect(mountsBelow("/t", info.join("\n"))).toEqual(["a", "b c/d"]);
});
