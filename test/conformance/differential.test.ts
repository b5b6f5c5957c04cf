import { createReadStream } from "node:fs";
import { text } from "node:stream/consumers";
import Docker from "dockerode";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { busyboxRootfsTar } from "../support/busybox-image.ts";
import { startDockerd } from "../support/dockerd.ts";
import { call } from "../support/serve-fake.ts";
import { type DockerHost, IMAGE, openDockerHost } from "./served-engine.ts";
import { shapeDifferences } from "./shapes.ts";

/** Where Docker has something this engine has no counterpart of. */
const KNOWN = [
  /^\.RegistryConfig\.IndexConfigs\./,
  /^\.Runtimes\./,
  /\.GraphDriver\.Data is null/,
  /^\.KernelMemory(TCP)? is missing$/,
  /^\.BridgeNfIp6?tables is missing$/,
  /^\.BridgeNfIptables is missing$/,
  /^\.(ContainerdCommit|RuncCommit|InitCommit)\.Expected is missing$/,
  /^\.HostConfig\.(KernelMemory|KernelMemoryTCP) is missing$/,
  /^\.HostConfig\.(OomKillDisable|MaskedPaths|ReadonlyPaths) is /,
  /^\.blkio_stats\./,
  // keyed by the container's id
  /^\.Containers\.[0-9a-f]{64} is missing$/,
  /^\.(cpu_stats|precpu_stats)\.cpu_usage\.percpu_usage is missing$/,
  /^\.memory_stats\.max_usage is missing$/,
];

describe("answers have the shape of Docker's", () => {
  let [ours, theirs]: [DockerHost | undefined, (DockerHost & AsyncDisposable) | undefined] = [undefined, undefined];
  beforeAll(async () => {
    theirs = await startDockerd();
    ours = await openDockerHost();
    const docker = new Docker({ socketPath: theirs.socketPath });
    await text(await docker.importImage(createReadStream(await busyboxRootfsTar()), { repo: "busybox", tag: "test", changes: ['CMD ["sh"]'] } as object));
    for (const { socketPath } of [ours, theirs]) {
      const client = new Docker({ socketPath });
      await client.createVolume({ Name: "vol" });
      const container = await client.createContainer({
        name: "cc",
        Image: IMAGE,
        Cmd: ["sh", "-c", "echo hi; sleep 1000"],
        Labels: { a: "b" },
        HostConfig: { NetworkMode: "none", Binds: ["vol:/vol", "/tmp:/host:ro"], Tmpfs: { "/t": "" }, Memory: 64 * 1024 * 1024 },
      });
      await container.start();
    }
  });
  afterAll(async () => {
    for (const host of [theirs, ours]) {
      if (!host) continue;
      await new Docker({ socketPath: host.socketPath })
        .getContainer("cc")
        .remove({ force: true })
        .catch(() => undefined);
      await host[Symbol.asyncDispose]();
    }
  });

  const bothAnswer = async (path: string, method = "GET", body?: unknown) =>
    Promise.all([theirs!, ours!].map(({ socketPath }) => call(socketPath, { method, path: `/v1.41${path}`, ...(body === undefined ? {} : { body }) })));

  test.each([
    "/version",
    "/info",
    "/images/json",
    `/images/${IMAGE}/json`,
    `/images/${IMAGE}/history`,
    "/containers/json?all=1&size=1",
    "/containers/cc/json?size=1",
    "/containers/cc/top",
    "/containers/cc/changes",
    "/containers/cc/stats?stream=0",
    "/networks",
    "/networks/none",
    "/volumes",
    "/volumes/vol",
    "/system/df",
    "/plugins",
  ])("GET %s", async (path) => {
    const [docker, engine] = await bothAnswer(path);
    expect(engine!.status).toBe(docker!.status);
    expect(engine!.headers["content-type"]).toBe(docker!.headers["content-type"]);
    expect(shapeDifferences(docker!.json, engine!.json).filter((difference) => !KNOWN.some((known) => known.test(difference)))).toEqual([]);
  });

  test.each<[method: string, path: string, body?: unknown]>([
    ["GET", "/nope"],
    ["GET", "/containers/nope/json"],
    ["GET", "/images/nope/json"],
    ["GET", "/volumes/nope"],
    ["GET", "/networks/nope"],
    ["GET", "/exec/nope/json"],
    ["GET", "/plugins/nope/json"],
    ["GET", "/swarm"],
    ["GET", "/nodes"],
    ["GET", "/containers/cc/logs"],
    ["GET", "/containers/cc/archive?path=/nope"],
    ["HEAD", "/containers/cc/archive?path=/bin"],
    ["POST", "/containers/json"],
    ["POST", "/containers/cc/start"],
    ["POST", "/containers/nope/start"],
    ["POST", "/containers/cc/kill?signal=NOPE"],
    ["POST", "/containers/cc/rename"],
    ["POST", "/containers/create", {}],
    ["POST", "/containers/create", { Image: "nope" }],
    ["POST", "/containers/create?name=cc", { Image: IMAGE }],
    ["POST", "/containers/create?name=_x", { Image: IMAGE }],
    ["POST", "/images/nope/tag?repo=x"],
    ["DELETE", "/images/nope"],
    ["DELETE", `/images/${IMAGE}`],
    ["DELETE", "/containers/cc"],
    ["DELETE", "/containers/nope"],
    ["DELETE", "/volumes/vol"],
    ["DELETE", "/volumes/nope"],
    ["DELETE", "/networks/none"],
    ["POST", "/containers/cc/update", {}],
    ["POST", "/containers/cc/exec", { Cmd: ["true"] }],
    ["POST", "/containers/nope/exec", { Cmd: ["true"] }],
    ["POST", "/containers/cc/resize?h=1&w=1"],
    ["GET", "/events?since=1&until=2"],
  ])("%s %s has Docker's status", async (method, path, body) => {
    const [docker, engine] = await bothAnswer(path, method, body);
    expect({ status: engine!.status, text: engine!.text.slice(0, 300) }).toMatchObject({ status: docker!.status });
  });
});
