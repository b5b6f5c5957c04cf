import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, expect } from "vitest";
import { digestHex, digestOf } from "../../src/oci/index.ts";
import { readRange } from "../../src/rbuild/repository/serve/http/byte-range.ts";
import { serveRepository } from "../../src/rbuild/repository/serve/serve-repository.ts";
import { readFilters } from "../../src/server/http/filters.ts";
import { Query } from "../../src/server/http/query.ts";
import { createDirectly, serveEngine } from "../../src/server/index.ts";
import { createFakeEngine } from "../support/fake-engine.ts";
import { fuzz } from "../support/fuzz/fuzz.ts";
import { exchange, withLength } from "../support/fuzz/http-exchange.ts";
import { imagesOnDisk } from "../support/repository/images-on-disk.ts";
import { serveOptions } from "../support/repository/serve-directory.ts";
import { NOW } from "../support/trust/test-keys.ts";

const made: string[] = [];
const scratch = async () => {
  const path = await mkdtemp("/var/tmp/rbuild-fuzz-");
  made.push(path);
  return path;
};
const images = await imagesOnDisk(NOW, scratch);
const problems: string[] = [];
const server = await serveRepository(serveOptions(images.directory, problems));
const directory = await scratch();
const socket = join(directory, "docker.sock");
const api = await serveEngine({ engine: createFakeEngine(), socketPath: socket });
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await api[Symbol.asyncDispose]();
  for (const path of made) await rm(path, { recursive: true, force: true });
});
const TOKENS = [
  "\r\n",
  "\r\n\r\n",
  " HTTP/1.1\r\n",
  "Content-Length: 5\r\n",
  "Transfer-Encoding: chunked\r\n",
  "Host: b\r\n",
  "\r\n 0\r\n",
  "%2e%2e/",
  "%00",
  "%ff",
  "?",
  "#",
  "bytes=",
  "W/",
  "*",
];

const plain = digestHex(digestOf(images.plainLayer));
const get = (target: string, ...headers: string[]) => ["GET " + target + " HTTP/1.1", "Host: a", ...headers, "", ""].join("\r\n");
fuzz("requests to serve: answered or refused, never with a failure of its own", {
  share: 0.5,
  sample: 100,
  seeds: [
    get("/current.json", 'If-None-Match: "x"', "Accept-Encoding: gzip;q=0.5, zstd"),
    get(`/blobs/sha256/${plain}`, "Range: bytes=0-9,20-", 'If-Range: "x"'),
    get(`/blobs/sha256/${plain}`, "Range: bytes=-5", "If-Modified-Since: Sat, 21 Nov 2026 12:00:00 GMT"),
    get("/v2/tools/manifests/2.0", "Accept: application/vnd.oci.image.manifest.v1+json, */*;q=0.1"),
    get("/v2/tools/tags/list?n=1&last=1.0"),
    get(`/v2/tools/blobs/sha256:${plain}`),
    get("/v2/_catalog?n=5"),
    get("/images/tools/2.0?from=1.0", "Accept-Language: de") + get("/healthz"),
  ],
  tokens: TOKENS,
  parse: async (bytes) => {
    const text = await exchange({ port: Number(new URL(server.url).port), host: "127.0.0.1" }, bytes);
    expect(text).not.toMatch(/^HTTP\/1\.1 5/m);
    expect(problems).toEqual([]);
  },
});
fuzz("ranges", { seeds: ["bytes=0-9", "bytes=5-", "bytes=-5", "bytes=0-1,3-4"], parse: (bytes) => readRange(bytes.toString("latin1"), 1000) });

const post = (target: string, body: unknown) => {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return `POST /v1.47${target} HTTP/1.1\r\nHost: docker\r\nContent-Type: application/json\r\nContent-Length: ${text.length}\r\n\r\n${text}`;
};
const hostConfig = {
  Binds: ["/a:/b:ro"],
  Memory: 1e9,
  NanoCpus: 5e8,
  CapAdd: ["NET_ADMIN"],
  PortBindings: { "80/tcp": [{ HostIp: "127.0.0.1", HostPort: "8080" }] },
  Mounts: [{ Type: "tmpfs", Target: "/t", TmpfsOptions: { SizeBytes: 5 } }],
  Ulimits: [{ Name: "nofile", Soft: 1, Hard: 2 }],
  RestartPolicy: { Name: "on-failure", MaximumRetryCount: 3 },
  Devices: [{ PathOnHost: "/dev/null", PathInContainer: "/dev/x", CgroupPermissions: "rwm" }],
  LogConfig: { Type: "json-file", Config: {} },
  SecurityOpt: ["no-new-privileges", 'seccomp={"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{"names":["read"],"action":"SCMP_ACT_ALLOW","args":[]}]}'],
  Sysctls: { "net.ipv4.ip_forward": "1" },
  ExtraHosts: ["a:1.2.3.4"],
  NetworkMode: "bridge",
};
const container = { Image: "busybox:test", Cmd: ["sh"], Env: ["A=b"], ExposedPorts: { "80/tcp": {} }, Labels: { a: "b" }, Tty: false, HostConfig: hostConfig };
fuzz("requests to the Docker API: answered or refused, never with a failure of its own", {
  share: 0.5,
  sample: 100,
  mend: withLength,
  seeds: [
    post("/containers/create?name=a", container),
    post("/containers/create", {
      ...container,
      NetworkingConfig: { EndpointsConfig: { n: { Aliases: ["x"], IPAMConfig: { IPv4Address: "10.0.0.2" } } } },
      Healthcheck: { Test: ["NONE"] },
    }),
    post("/networks/create", { Name: "n", Driver: "bridge", IPAM: { Config: [{ Subnet: "10.1.0.0/16", Gateway: "10.1.0.1" }] }, Labels: {} }),
    post("/volumes/create", { Name: "v", Driver: "local", Labels: { a: "b" } }),
    post("/containers/x/exec", { Cmd: ["true"], AttachStdout: true, Env: [], User: "1:1" }),
    post("/commit?container=x&repo=a&tag=b&changes=ENV%20a%3Db", {}),
    post("/images/create?fromImage=a&tag=b", ""),
    post("/build?t=a:1&buildargs=%7B%22A%22%3A%22b%22%7D&labels=%7B%7D&target=x&platform=linux/amd64&networkmode=none", ""),
    post("/containers/create?platform=linux/arm64/v8", container),
    post("/containers/x/update", { Memory: 5 }),
    post("/containers/x/kill?signal=SIGHUP", ""),
    post("/images/prune?filters=%7B%22dangling%22%3A%5B%22true%22%5D%7D", ""),
    'GET /v1.47/containers/json?all=1&filters={"label":["a=b"],"status":["running"]} HTTP/1.1\r\nHost: d\r\n\r\n',
    "GET /v1.47/events?until=1&since=0 HTTP/1.1\r\nHost: d\r\n\r\n",
    "GET /v1.47/containers/x/logs?stdout=1&tail=5&since=1.5 HTTP/1.1\r\nHost: d\r\n\r\n",
  ],
  tokens: [...TOKENS, '"Image":7,', '"HostConfig":null,', "filters={", '{"a":{"b":true}}'],
  parse: async (bytes) => {
    const text = await exchange({ path: socket }, bytes);
    const failures = text.match(/^HTTP\/1\.1 50[0-24-9].*$/gm) ?? [];
    if (failures.length > 0 && !text.includes('"fake.not-done"')) throw new Error(text.slice(0, 2000));
  },
});
fuzz("containers by the Docker API", {
  seeds: [container, { ...container, Healthcheck: { Test: ["NONE"] }, NetworkingConfig: { EndpointsConfig: { n: { Aliases: ["x"] } } } }].map((each) =>
    JSON.stringify(each),
  ),
  tokens: ['"Image":7,', '"HostConfig":null,', '"Binds":["a"],', '{"a":{}}', "[[]]"],
  parse: async (bytes) => {
    const body = jsonOf(bytes);
    if (body !== undefined) await createDirectly(createFakeEngine(), body, undefined);
  },
  codes: /^(?:server|container|network|image|oci|runtime|volume)\.[a-z-]+$/,
});
function jsonOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return undefined;
  }
}
fuzz("filters of the Docker API", {
  seeds: ['{"label":["a=b","c"],"status":{"running":true}}'],
  parse: (bytes) => readFilters(new Query(new URLSearchParams({ filters: bytes.toString() })), ["label", "status"]),
  codes: /^server\.filter-invalid$/,
});
