import { expect, test } from "vitest";
import type { ContainerSpec } from "../../../src/engine/index.ts";
import { hostConfig } from "../../../src/server/translate/answer/host-config.ts";
import { translateCreate } from "../../../src/server/translate/create/container-create.ts";
import { createBodySchema } from "../../../src/server/translate/create/create-body.ts";

const translate = (body: object, around: Partial<Parameters<typeof translateCreate>[1]> = {}) =>
  translateCreate(createBodySchema.parse({ Image: "i", ...body }), { imagePorts: [], inheritedMounts: [], ...around });
const spec = (body: object): ContainerSpec => translate(body).spec;

test("every field null is every field absent", () => {
  const nulls = Object.fromEntries(
    ["Cmd", "Entrypoint", "Env", "Labels", "Volumes", "ExposedPorts", "Tty", "User", "HostConfig", "NetworkingConfig", "StopTimeout", "Healthcheck"].map(
      (key) => [key, null],
    ),
  );
  expect(spec(nulls)).toEqual(spec({}));
  expect(spec({ HostConfig: { Binds: null, CapAdd: null, PortBindings: null, RestartPolicy: null, Devices: null, Init: null, MaskedPaths: null } })).toEqual(
    spec({}),
  );
  expect(spec({ UnknownField: 1, HostConfig: { AnotherOne: [] } })).toEqual(spec({}));
});

test.each<[what: string, body: object, expected: Partial<ContainerSpec>]>([
  ["a command as text", { Cmd: "ls" }, { command: ["ls"] }],
  ["a command", { Cmd: ["a", "b"], Entrypoint: ["e"] }, { command: ["a", "b"], entrypoint: ["e"] }],
  ["a cleared entry point", { Entrypoint: [""] }, { entrypoint: null }],
  ["environment, user, folder", { Env: ["A=b", "C"], User: "1:2", WorkingDir: "/w" }, { env: ["A=b", "C"], user: "1:2", workingDir: "/w" }],
  ["a terminal", { Tty: true, OpenStdin: true, StdinOnce: true }, { tty: true, openStdin: true, stdinOnce: true }],
  ["names", { Hostname: "h", Domainname: "d", Labels: { a: "b" } }, { hostname: "h", domainname: "d", labels: { a: "b" } }],
  ["stopping", { StopSignal: "SIGINT", StopTimeout: 0 }, { stopSignal: "SIGINT", stopTimeout: 0 }],
  ["removal and init", { HostConfig: { AutoRemove: true, Init: true } }, { autoRemove: true, init: true }],
  ["restart", { HostConfig: { RestartPolicy: { Name: "on-failure", MaximumRetryCount: 3 } } }, { restart: { policy: "on-failure", maximumRetryCount: 3 } }],
  [
    "memory of /dev/shm, sysctls, groups",
    { HostConfig: { ShmSize: 5, Sysctls: { a: "1" }, GroupAdd: ["g"] } },
    { shmSize: 5, sysctls: { a: "1" }, groupAdd: ["g"] },
  ],
  [
    "names to look up",
    { HostConfig: { ExtraHosts: ["a:10.0.0.1", "b:host-gateway", "c=::1", "d:[::2]"] } },
    { extraHosts: ["a:10.0.0.1", "b:host-gateway", "c:::1", "d:::2"] },
  ],
  [
    "resolvers",
    { HostConfig: { Dns: ["10.0.0.1"], DnsSearch: ["x"], DnsOptions: ["ndots:1"] } },
    { dns: ["10.0.0.1"], dnsSearch: ["x"], dnsOptions: ["ndots:1"] },
  ],
  ["the default network", { HostConfig: { NetworkMode: "default" } }, { networks: [{ network: "bridge" }] }],
  ["a container's network", { HostConfig: { NetworkMode: "container:abc" } }, { networks: [{ network: "container:abc" }] }],
  ["no network", { NetworkDisabled: true }, { networks: [{ network: "none" }] }],
  [
    "links",
    { HostConfig: { Links: ["db:store", "/web:/me/www", "solo"] } },
    {
      networks: [
        {
          network: "bridge",
          links: [
            { container: "db", alias: "store" },
            { container: "web", alias: "www" },
            { container: "solo", alias: "solo" },
          ],
        },
      ],
    },
  ],
  [
    "two networks with aliases",
    { HostConfig: { NetworkMode: "n1" }, NetworkingConfig: { EndpointsConfig: { n1: { Aliases: ["a", "a"] }, n2: null } } },
    {
      networks: [{ network: "n1", aliases: ["a"] }, { network: "n2" }],
    },
  ],
  [
    "ports",
    {
      ExposedPorts: { "80/tcp": {} },
      HostConfig: { PortBindings: { "80/tcp": [{ HostPort: "8080" }, { HostIp: "127.0.0.1", HostPort: "" }], "53/udp": null } },
    },
    {
      ports: [
        { containerPort: 80, protocol: "tcp", hostPort: 8080 },
        { containerPort: 80, protocol: "tcp", hostIp: "127.0.0.1" },
        { containerPort: 53, protocol: "udp" },
      ],
      exposedPorts: [{ containerPort: 80, protocol: "tcp" }],
    },
  ],
])("translates %s", (_what, body, expected) => {
  expect(spec(body)).toMatchObject(expected);
});

test("publishing all ports publishes what image and request expose", () => {
  const { ports } = translate(
    { ExposedPorts: { "81": {} }, HostConfig: { PublishAllPorts: true, PortBindings: { "80/tcp": [{ HostPort: "1" }] } } },
    { imagePorts: ["80/tcp", "82/udp"] },
  ).spec;
  expect(ports).toEqual([
    { containerPort: 80, protocol: "tcp", hostPort: 1 },
    { containerPort: 82, protocol: "udp" },
    { containerPort: 81, protocol: "tcp" },
  ]);
});

test.each<[bind: string, mount: object]>([
  ["/a:/b", { kind: "bind", source: "/a", target: "/b", readOnly: false, createSource: true }],
  ["/a/../c/:/b//d/.:ro,Z", { kind: "bind", source: "/c", target: "/b/d", readOnly: true, createSource: true }],
  ["/a:/b:rslave", { kind: "bind", source: "/a", target: "/b", readOnly: false, createSource: true, propagation: "rslave" }],
  ["vol:/b:nocopy", { kind: "volume", name: "vol", target: "/b", readOnly: false, noCopy: true }],
  ["/b", { kind: "volume", target: "/b", readOnly: false }],
])("binds %s", (bind, mount) => {
  expect(spec({ HostConfig: { Binds: [bind] } }).mounts).toEqual([mount]);
});

test("mounts, tmpfs, volumes of the image's kind and those of another container", () => {
  const inherited = [
    { kind: "volume", name: "old", target: "/old", readOnly: false },
    { kind: "volume", name: "hidden", target: "/b", readOnly: false },
  ] as const;
  const { mounts } = translate(
    {
      Volumes: { "/anon": {}, "/b": {} },
      HostConfig: {
        Mounts: [
          { Type: "bind", Source: "/s", Target: "/b", ReadOnly: true, BindOptions: { Propagation: "rprivate", CreateMountpoint: true } },
          { Type: "volume", Target: "/v", VolumeOptions: { NoCopy: true } },
          { Type: "tmpfs", Target: "/m", TmpfsOptions: { SizeBytes: 10, Mode: 0o1770 } },
        ],
        Tmpfs: { "/t": "size=1m,mode=0700,noexec,rw", "/p": "size=50%,ro", "/e": "" },
      },
    },
    { inheritedMounts: inherited },
  ).spec;
  expect(mounts).toEqual([
    inherited[0],
    { kind: "bind", source: "/s", target: "/b", readOnly: true, createSource: true, propagation: "rprivate" },
    { kind: "volume", target: "/v", readOnly: false, noCopy: true },
    { kind: "tmpfs", target: "/m", size: 10, mode: 0o1770 },
    { kind: "tmpfs", target: "/t", size: 1024 * 1024, mode: 0o700, options: ["noexec"] },
    { kind: "tmpfs", target: "/p", readOnly: true, options: ["size=50%"] },
    { kind: "tmpfs", target: "/e" },
    { kind: "volume", target: "/anon", readOnly: false },
  ]);
});

test("security", () => {
  const profile = { defaultAction: "SCMP_ACT_ALLOW" };
  const body = {
    HostConfig: {
      CapAdd: ["CAP_SYS_ADMIN", "net_admin"],
      CapDrop: ["all"],
      Privileged: true,
      ReadonlyRootfs: true,
      SecurityOpt: ["no-new-privileges", `seccomp=${JSON.stringify(profile)}`, "apparmor:unconfined", "label=disable"],
      MaskedPaths: [],
      ReadonlyPaths: ["/proc/sys"],
    },
  };
  expect(spec(body).security).toEqual({
    capAdd: ["SYS_ADMIN", "NET_ADMIN"],
    capDrop: ["ALL"],
    privileged: true,
    readOnlyRootfs: true,
    noNewPrivileges: true,
    seccomp: { profile },
    maskedPaths: [],
    readonlyPaths: ["/proc/sys"],
  });
  expect(spec({ HostConfig: { SecurityOpt: ["no-new-privileges:false", "seccomp=unconfined"] } }).security).toEqual({
    noNewPrivileges: false,
    seccomp: "unconfined",
  });
  expect(translate({ HostConfig: { SecurityOpt: ["apparmor=mine"] } }).warnings).toEqual([expect.stringContaining("AppArmor")]);
});

test("resources", () => {
  const body = {
    HostConfig: {
      Memory: 100,
      MemorySwap: -1,
      CpuShares: 2,
      NanoCpus: 1_500_000_000,
      CpusetCpus: "0-1",
      PidsLimit: 9,
      Ulimits: [{ Name: "nofile", Soft: 1, Hard: 2 }],
      Devices: [{ PathOnHost: "/dev/x", PathInContainer: "", CgroupPermissions: "" }],
      DeviceCgroupRules: ["b 7:* rwm"],
    },
  };
  expect(spec(body).resources).toEqual({
    memory: 100,
    memorySwap: -1,
    cpuShares: 2,
    cpuQuota: 150_000,
    cpuPeriod: 100_000,
    cpusetCpus: "0-1",
    pidsLimit: 9,
    ulimits: [{ name: "nofile", soft: 1, hard: 2 }],
    devices: [{ pathOnHost: "/dev/x", pathInContainer: "/dev/x", permissions: "rwm" }],
    deviceCgroupRules: ["b 7:* rwm"],
  });
  expect(spec({ HostConfig: { PidsLimit: -1, Memory: 0 } }).resources).toEqual({});
});

test.each<[what: string, host: object, code: string]>([
  ["a relative source", { Binds: ["./a:/b"] }, "server.option-invalid"],
  ["a relative target", { Binds: ["/a:b"] }, "server.option-invalid"],
  ["the root as target", { Binds: ["/a:/x/.."] }, "server.option-invalid"],
  ["an unknown mode", { Binds: ["/a:/b:sideways"] }, "server.option-invalid"],
  ["four parts", { Binds: ["/a:/b:ro:x"] }, "server.option-invalid"],
  ["a target twice", { Binds: ["/a:/b", "/c:/b/"] }, "server.option-invalid"],
  ["an image mount", { Mounts: [{ Type: "image", Source: "x", Target: "/x" }] }, "server.option-unsupported"],
  ["another volume driver", { Mounts: [{ Type: "volume", Target: "/x", VolumeOptions: { DriverConfig: { Name: "nfs" } } }] }, "server.option-unsupported"],
  ["a capability with a space", { CapAdd: ["SYS ADMIN"] }, "server.option-invalid"],
  ["an unknown security option", { SecurityOpt: ["magic"] }, "server.option-invalid"],
  ["a seccomp profile that is no JSON", { SecurityOpt: ["seccomp=/etc/x"] }, "server.option-invalid"],
  ["a device rule", { DeviceCgroupRules: ["b 7:*"] }, "server.option-invalid"],
  ["a port of text", { PortBindings: { http: [] } }, "server.option-invalid"],
  ["sctp", { PortBindings: { "80/sctp": [] } }, "server.option-unsupported"],
  ["a link with three parts", { Links: ["a:b:c"] }, "server.option-invalid"],
  ["a host without address", { ExtraHosts: ["a"] }, "server.option-invalid"],
  ["the host's processes", { PidMode: "host" }, "server.option-unsupported"],
  ["the host's IPC", { IpcMode: "host" }, "server.option-unsupported"],
  ["GPUs", { DeviceRequests: [{ Count: -1 }] }, "server.option-unsupported"],
  ["another runtime", { Runtime: "kata" }, "server.option-unsupported"],
  ["an unknown restart policy", { RestartPolicy: { Name: "maybe" } }, "server.option-invalid"],
  ["removal with restart", { AutoRemove: true, RestartPolicy: { Name: "always" } }, "server.option-invalid"],
  ["CPUs said twice", { NanoCpus: 1, CpuQuota: 1 }, "server.option-invalid"],
])("refuses %s", (_what, HostConfig, code) => {
  expect(() => spec({ HostConfig })).toThrow(expect.objectContaining({ code }));
});

test("passes over what only tunes, and says so", () => {
  const { warnings } = translate({ Healthcheck: { Test: ["CMD", "true"] }, HostConfig: { OomScoreAdj: 5, BlkioWeight: 3, LogConfig: { Type: "syslog" } } });
  expect(warnings).toHaveLength(4);
});

test("inspect gives a create request's host config back", () => {
  const HostConfig = {
    Binds: ["/a:/b:ro,rslave", "vol:/v"],
    Tmpfs: { "/t": "size=1024,mode=700,noexec" },
    CapAdd: ["SYS_ADMIN"],
    CapDrop: ["ALL"],
    SecurityOpt: ["no-new-privileges", "seccomp=unconfined"],
    ReadonlyRootfs: true,
    Privileged: false,
    NetworkMode: "none",
    ShmSize: 1,
    PortBindings: { "80/tcp": [{ HostIp: "", HostPort: "8080" }] },
    RestartPolicy: { Name: "always", MaximumRetryCount: 0 },
    Memory: 5,
    PidsLimit: 3,
    Ulimits: [{ Name: "nofile", Soft: 1, Hard: 2 }],
    Devices: [{ PathOnHost: "/dev/a", PathInContainer: "/dev/b", CgroupPermissions: "r" }],
    ExtraHosts: ["a:1.2.3.4"],
    GroupAdd: ["7"],
    Init: true,
    MaskedPaths: [],
    AutoRemove: false,
    DeviceCgroupRules: ["c 1:1 r"],
    Mounts: [{ Type: "bind", Source: "/m", Target: "/n", ReadOnly: true }],
  };
  expect(hostConfig(spec({ HostConfig }))).toMatchObject(HostConfig);
});
