import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { InProcessEventHub } from "../../../src/engine/event-hub.ts";
import type { ContainerState } from "../../../src/engine/index.ts";
import { parseReference } from "../../../src/oci/index.ts";
import { takeActivationFd } from "../../../src/server/activation.ts";
import { anyOf, flagFilter, labelsPass, readFilters } from "../../../src/server/http/filters.ts";
import { Query } from "../../../src/server/http/query.ts";
import { statusOf } from "../../../src/server/http/status.ts";
import { untilFilter } from "../../../src/server/http/until.ts";
import { familiarName, matchesReference, referenceOf } from "../../../src/server/image-names.ts";
import { createChannel } from "../../../src/server/streams/channel.ts";
import { createDetachScanner, parseDetachKeys } from "../../../src/server/streams/detach-keys.ts";
import { createEventLog } from "../../../src/server/streams/event-log.ts";
import { frameHeader } from "../../../src/server/streams/frames.ts";
import { containerInspect } from "../../../src/server/translate/answer/container-inspect.ts";
import { inspectState, statusText } from "../../../src/server/translate/answer/container-state.ts";
import { imageHistory, imageInspect, imageSummary, repoDigests } from "../../../src/server/translate/answer/image-answers.ts";
import { goFileMode } from "../../../src/server/translate/answer/path-stat.ts";
import { statsAnswer } from "../../../src/server/translate/answer/stats.ts";
import { humanDuration } from "../../../src/server/translate/answer/time.ts";
import { configChanges } from "../../../src/server/translate/config-changes.ts";
import { createBodySchema } from "../../../src/server/translate/create/create-body.ts";
import { applyChanges } from "../../../src/server/translate/import-changes.ts";
import { parsePlatform } from "../../../src/server/translate/platform.ts";
import { RbuildError } from "../../../src/system/index.ts";
import { fakeContainer, fakeImage } from "../../support/fake-engine.ts";

const query = (text: string) => new Query(new URLSearchParams(text));

test("frames carry stream number and length", () => {
  expect([...frameHeader("stderr", 0x01020304)]).toEqual([2, 0, 0, 0, 1, 2, 3, 4]);
});

test.each([
  [500, "Less than a second"],
  [1000, "1 second"],
  [59_000, "59 seconds"],
  [60_000, "About a minute"],
  [3_540_000, "59 minutes"],
  [3_600_000, "About an hour"],
  [47 * 3_600_000, "47 hours"],
  [48 * 3_600_000, "2 days"],
  [20 * 86_400_000, "2 weeks"],
  [90 * 86_400_000, "3 months"],
  [800 * 86_400_000, "2 years"],
])("%i ms is %s", (milliseconds, text) => {
  expect(humanDuration(milliseconds)).toBe(text);
});

const startedAt = "2026-01-01T00:00:00Z";
const finishedAt = "2026-01-01T00:00:05Z";
test.each<[ContainerState, string, object]>([
  [{ kind: "created" }, "Created", { Status: "created", Running: false, ExitCode: 0, Pid: 0, StartedAt: "0001-01-01T00:00:00Z" }],
  [{ kind: "running", pid: 3, startedAt }, "Up 10 seconds", { Status: "running", Running: true, Pid: 3, StartedAt: startedAt }],
  [{ kind: "running", pid: 3, startedAt, paused: true }, "Up 10 seconds (Paused)", { Status: "paused", Running: true, Paused: true }],
  [
    { kind: "exited", exit: { kind: "exited", code: 4 }, startedAt, finishedAt },
    "Exited (4) 5 seconds ago",
    { Status: "exited", ExitCode: 4, OOMKilled: false },
  ],
  [{ kind: "exited", exit: { kind: "out-of-memory", code: 137 }, startedAt, finishedAt }, "Exited (137) 5 seconds ago", { ExitCode: 137, OOMKilled: true }],
  [{ kind: "dead", reason: "gone", finishedAt }, "Exited (255) 5 seconds ago", { Status: "exited", ExitCode: 255, Error: "gone", Dead: false }],
])("%o is shown as %s", (state, text, inspected) => {
  expect(statusText({ state }, new Date("2026-01-01T00:00:10Z"))).toBe(text);
  expect(inspectState(state)).toMatchObject(inspected);
});

test("the detach keys are found over chunks, and what only looks like them goes through", () => {
  const scan = createDetachScanner("ctrl-p,ctrl-q");
  expect(scan(Buffer.from("a\x10"))).toEqual({ data: Uint8Array.from([97]), detached: false });
  expect(scan(Buffer.from("b\x10"))).toEqual({ data: Uint8Array.from([16, 98]), detached: false });
  expect(scan(Buffer.from("\x10\x11rest"))).toEqual({ data: Uint8Array.from([16]), detached: true });
  expect(parseDetachKeys("a,ctrl-@,ctrl-[")).toEqual([97, 0, 27]);
  expect(() => parseDetachKeys("ctrl-")).toThrow(expect.objectContaining({ code: "server.detach-keys-invalid" }));
});

test("query values are read as Docker reads them", () => {
  expect(["a", "b", "c", "d", "e", "f"].map((name) => query("a=1&b=0&c=true&d=False&e=&f=no").flag(name))).toEqual([true, false, true, false, false, false]);
  expect(query("").flag("x", true)).toBe(true);
  expect(query("t=1.5").timestamp("t")).toBe(1.5);
  expect(query("t=1970-01-01T00:00:02Z").timestamp("t")).toBe(2);
  expect(query("t=0").timestamp("t")).toBeUndefined();
  expect(() => query("t=soon").timestamp("t")).toThrow(expect.objectContaining({ code: "server.parameter-invalid" }));
});

test("filters come in two forms", () => {
  for (const text of ['{"label":["a","b=c"]}', '{"label":{"a":true,"b=c":true,"no":false}}']) {
    const filters = readFilters(query(`filters=${encodeURIComponent(text)}`), ["label"]);
    expect(labelsPass(filters, { a: "x", b: "c" })).toBe(true);
    expect(labelsPass(filters, { a: "x", b: "d" })).toBe(false);
  }
  const filters = readFilters(query('filters={"dangling":["true"],"label!":["a"]}'), ["dangling", "label!"]);
  expect(flagFilter(filters, "dangling")).toBe(true);
  expect(labelsPass(filters, { a: "" })).toBe(false);
  expect(anyOf(filters, "name", () => false)).toBe(true);
  expect(() => readFilters(query('filters={"x":[1]}'), ["x"])).toThrow(expect.objectContaining({ code: "server.filter-invalid" }));
});

test.each([
  ["24h", "2026-01-01T00:00:00.000Z"],
  ["1h30m", "2026-01-01T22:30:00.000Z"],
  ["1000000000", "2001-09-09T01:46:40.000Z"],
  ["2020-02-02T00:00:00Z", "2020-02-02T00:00:00.000Z"],
])("until=%s", (text, expected) => {
  expect(untilFilter(new Map([["until", [text]]]), new Date("2026-01-02T00:00:00Z"))?.toISOString()).toBe(expected);
});

test("image answers", () => {
  const image = fakeImage(["a/b:1", "a/b:2", "reg.test:5000/c:latest"], { Cmd: ["sh"], ExposedPorts: { "80/tcp": {} } });
  expect(repoDigests(image)).toEqual([`a/b@${image.manifestDescriptor.digest}`, `reg.test:5000/c@${image.manifestDescriptor.digest}`]);
  expect(imageHistory(image)).toMatchObject([
    { Id: image.id, CreatedBy: "CMD sh", Size: 0, Tags: image.references },
    { Id: "<missing>", CreatedBy: "import", Size: 100, Created: 1_700_000_000, Tags: null },
  ]);
  expect(imageSummary(fakeImage([]), { minor: 41 })).toMatchObject({ RepoTags: ["<none>:<none>"], RepoDigests: ["<none>@<none>"], VirtualSize: 100 });
  expect(imageSummary(fakeImage([]), { minor: 50 })).toMatchObject({ RepoTags: [], RepoDigests: [], Created: 1_700_000_000, Labels: { from: "image" } });
  expect(imageInspect(image, { minor: 41 })).toMatchObject({
    Config: { Cmd: ["sh"], ExposedPorts: { "80/tcp": {} } },
    RootFS: { Type: "layers" },
    Os: "linux",
    Architecture: "amd64",
    ContainerConfig: {},
  });
});

test("references: repo and tag of a query, and the reference filter", () => {
  expect(referenceOf("a", undefined)).toEqual(parseReference("a:latest"));
  expect(referenceOf("a:1", undefined)).toEqual(parseReference("a:1"));
  expect(referenceOf("h:5000/a", "2")).toEqual(parseReference("h:5000/a:2"));
  expect(referenceOf(undefined, "2")).toBeUndefined();
  expect(referenceOf("docker.io/library/a", "2")).toEqual(parseReference("a:2"));
  expect(["docker.io/a/b:1", "index.docker.io/library/a", "docker.io/", "other.io/library/a"].map(familiarName)).toEqual([
    "a/b:1",
    "a",
    "docker.io/",
    "other.io/library/a",
  ]);
  for (const pattern of ["rbuild/base:1", "rbuild/base", "base", "*/base", "rbuild/*:1", "b*"])
    expect(matchesReference("rbuild/base:1", pattern), pattern).toBe(true);
  for (const pattern of ["rbuild", "base:2", "*:2", "other/*"]) expect(matchesReference("rbuild/base:1", pattern), pattern).toBe(false);
});

test("import changes and a commit's config", () => {
  const changes = [
    'CMD ["a", "b"]',
    "ENTRYPOINT run me",
    'ENV A=b C="d e"',
    "ENV old style value",
    "label k=v",
    "EXPOSE 80 53/udp",
    'VOLUME ["/v"]',
    "USER u",
    "WORKDIR /w",
    "STOPSIGNAL SIGINT",
  ];
  expect(applyChanges({}, changes)).toEqual({
    Cmd: ["a", "b"],
    Entrypoint: ["/bin/sh", "-c", "run me"],
    Env: ["A=b", "C=d e", "old=style value"],
    Labels: { k: "v" },
    ExposedPorts: { "80/tcp": {}, "53/udp": {} },
    Volumes: { "/v": {} },
    User: "u",
    WorkingDir: "/w",
    StopSignal: "SIGINT",
  });
  expect(() => applyChanges({}, ["RUN x"])).toThrow(expect.objectContaining({ code: "server.option-invalid" }));
  const body = createBodySchema.parse({ Env: ["A=b c"], Cmd: ["x"], Labels: { l: 'q"' }, ExposedPorts: { "80/tcp": {} }, User: "u" });
  expect(configChanges(body)).toEqual(["USER u", 'ENV A="b c"', 'LABEL "l"="q\\""', "EXPOSE 80/tcp", 'CMD ["x"]']);
});

test("modes in Go's bits", () => {
  expect(goFileMode(0o100644)).toBe(0o644);
  expect(goFileMode(0o041777)).toBe(2 ** 31 + 2 ** 20 + 0o777);
  expect(goFileMode(0o120777)).toBe(2 ** 27 + 0o777);
  expect(goFileMode(0o104755)).toBe(2 ** 23 + 0o755);
  expect(goFileMode(0o020600)).toBe(2 ** 26 + 2 ** 21 + 0o600);
});

test("platforms", () => {
  expect(parsePlatform("linux/arm/v7")).toEqual({ os: "linux", architecture: "arm", variant: "v7" });
  expect(parsePlatform('{"os":"linux","architecture":"amd64"}')).toEqual({ os: "linux", architecture: "amd64" });
  expect(() => parsePlatform("windows/amd64")).toThrow(expect.objectContaining({ code: "server.option-unsupported" }));
});

test("categories become statuses", () => {
  const error = (category: "conflict" | "untrusted" | "unavailable" | "cancelled") => new RbuildError("x.y", "m", { category });
  expect([error("conflict"), error("untrusted"), error("unavailable"), error("cancelled"), new Error("x"), new RbuildError("x.y", "m")].map(statusOf)).toEqual([
    409, 403, 503, 499, 500, 500,
  ]);
  expect(() => parseReference("UPPER:case")).toThrow(expect.toSatisfy((thrown: unknown) => statusOf(thrown) === 400));
});

test("stats without a cgroup are a sane answer", () => {
  const sample = { id: "i", name: "n", at: new Date(0), usage: undefined, hostMemory: 10, hostCpus: 2 };
  expect(statsAnswer(sample, undefined)).toMatchObject({ name: "/n", memory_stats: {}, pids_stats: {}, cpu_stats: { cpu_usage: { total_usage: 0 } } });
});

test("systemd's descriptor is taken once and only by the process it is for", () => {
  const environment = { LISTEN_PID: "7", LISTEN_FDS: "1", LISTEN_FDNAMES: "x", OTHER: "y" };
  expect(takeActivationFd({ ...environment }, 8)).toBeUndefined();
  expect(takeActivationFd(environment, 7)).toBe(3);
  expect(environment).toEqual({ OTHER: "y" });
  expect(takeActivationFd(environment, 7)).toBeUndefined();
});

test("inspect shows an image's health check, of a container too", () => {
  const Healthcheck = { Test: ["CMD", "true"], Interval: 2_000_000_000 };
  const image = fakeImage(["im:1"], { Cmd: ["sh"], Healthcheck });
  expect(imageInspect(image, { minor: 41 }).Config).toMatchObject({ Healthcheck });
  expect(containerInspect(fakeContainer({ image: "im:1" }, image), image, { minor: 50 }).Config).toMatchObject({ Healthcheck });
  expect(imageInspect(fakeImage(["im:1"]), { minor: 41 }).Config).not.toHaveProperty("Healthcheck");
});

test("a listener that does not read costs no more than its backlog", async () => {
  const hub = new InProcessEventHub();
  await using log = createEventLog(hub);
  const leaving = new AbortController();
  const slow = log.follow(undefined, leaving.signal);
  for (let count = 0; count < 80; count++) {
    for (let i = 0; i < 1000; i++) hub.publish({ kind: "container", action: "x", id: "1", attributes: {} });
    await sleep(1);
  }
  const waiting = await Array.fromAsync(slow);
  expect(waiting.length).toBeGreaterThan(60_000);
  expect(waiting.length).toBeLessThan(70_000);
});

test("a channel lets who gives wait until there is room, or until nobody takes any more", async () => {
  const channel = createChannel<number>();
  let given = 0;
  const giving = (async () => {
    for (; given < 10_000; given++) await channel.push(given);
    channel.close();
  })();
  await sleep(5);
  expect(given).toBeLessThan(300);
  expect(await Array.fromAsync(channel.values)).toEqual(Array.from({ length: 10_000 }, (_, index) => index));
  await giving;

  const left = createChannel<number>();
  const endless = (async () => {
    for (let count = 0; count < 10_000; count++) await left.push(count);
  })();
  for await (const value of left.values) if (value === 10) break;
  await endless;
});
