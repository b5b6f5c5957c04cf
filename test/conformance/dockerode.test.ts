import { randomBytes } from "node:crypto";
import { PassThrough } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import Docker from "dockerode";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { type DockerHost, IMAGE, openDockerHost } from "./served-engine.ts";

let host: DockerHost;
let docker: Docker;
beforeAll(async () => {
  host = await openDockerHost();
  docker = new Docker({ socketPath: host.socketPath });
});
afterAll(() => host?.[Symbol.asyncDispose]());

async function create(options: Partial<Docker.ContainerCreateOptions>): Promise<Docker.Container> {
  const container = await docker.createContainer({ Image: IMAGE, ...options });
  onTestFinished(() => container.remove({ force: true, v: true }).catch(() => undefined));
  return container;
}

/** Framed output, taken apart. */
async function outputOf(stream: NodeJS.ReadableStream): Promise<{ out: string; err: string }> {
  const [out, err] = [new PassThrough(), new PassThrough()];
  docker.modem.demuxStream(stream, out, err);
  stream.on("end", () => [out, err].forEach((part) => part.end()));
  const [o, e] = await Promise.all([text(out), text(err)]);
  return { out: o, err: e };
}

test("run: attach, wait for the next exit, start, read to the end", async () => {
  const container = await create({ Cmd: ["sh", "-c", "echo out; echo err >&2; exit 5"], HostConfig: { AutoRemove: true } });
  const stream = await container.attach({ stream: true, stdout: true, stderr: true });
  const output = outputOf(stream);
  const waiting = container.wait({ condition: "removed" });
  await container.start();
  expect(await waiting).toMatchObject({ StatusCode: 5 });
  expect(await output).toEqual({ out: "out\n", err: "err\n" });
  await expect(container.inspect()).rejects.toMatchObject({ statusCode: 404 });
});

test("50 MB through stdin and back over one hijacked connection", async () => {
  const container = await create({ Cmd: ["cat"], OpenStdin: true, StdinOnce: true });
  const stream = await container.attach({ stream: true, stdin: true, stdout: true, stderr: true, hijack: true });
  const out = new PassThrough();
  docker.modem.demuxStream(stream, out, out);
  stream.on("end", () => out.end());
  await container.start();
  const sent = randomBytes(50_000_000);
  stream.end(sent);
  expect(Buffer.compare(await buffer(out), sent)).toBe(0);
  expect(await container.wait()).toMatchObject({ StatusCode: 0 });
});

test("a terminal: size, keys, detaching and coming back", async () => {
  const container = await create({ Cmd: ["sh"], OpenStdin: true, Tty: true });
  const stream = await container.attach({ stream: true, stdin: true, stdout: true, hijack: true });
  let seen = "";
  stream.on("data", (chunk: Buffer) => (seen += chunk.toString()));
  await container.start();
  await container.resize({ h: 31, w: 97 });
  stream.write("until stty size 2> /dev/null | grep 97; do sleep 0.1; done\n");
  await expect.poll(() => seen, { timeout: 60_000 }).toContain("31 97");
  const left = new Promise((resolve) => stream.once("end", resolve));
  stream.write("\u0010\u0011");
  await left;
  expect((await container.inspect()).State.Running).toBe(true);
  const again = await container.attach({ stream: true, stdin: true, stdout: true, hijack: true });
  again.write("exit 3\n");
  expect(await container.wait()).toMatchObject({ StatusCode: 3 });
});

test("exec: streams, code, inspect", async () => {
  const container = await create({ Cmd: ["sleep", "100"] });
  await container.start();
  const exec = await container.exec({ Cmd: ["sh", "-c", "cat; echo err >&2; exit 4"], AttachStdin: true, AttachStdout: true, AttachStderr: true });
  const stream = await exec.start({ hijack: true, stdin: true });
  const output = outputOf(stream);
  stream.end("given");
  expect(await output).toEqual({ out: "given", err: "err\n" });
  await expect.poll(async () => (await exec.inspect()).ExitCode).toBe(4);
  expect(await exec.inspect()).toMatchObject({ Running: false, ContainerID: container.id, ProcessConfig: { entrypoint: "sh" } });
});

test("files in and out", async () => {
  const container = await create({ Cmd: ["sleep", "100"] });
  const tar = await buffer(await container.getArchive({ path: "/etc/passwd" }));
  expect(tar.subarray(0, 6).toString()).toBe("passwd");
  await container.putArchive(tar, { path: "/tmp" });
  const info = await container.infoArchive({ path: "/tmp/passwd" });
  const header = (info as unknown as { headers: Record<string, string> }).headers?.["x-docker-container-path-stat"];
  if (header) expect(JSON.parse(Buffer.from(header, "base64").toString())).toMatchObject({ name: "passwd" });
  await expect(container.getArchive({ path: "/nonesuch" })).rejects.toMatchObject({ statusCode: 404 });
});

test("images: tag, inspect, save, load, remove, import, commit", async () => {
  await docker.getImage(IMAGE).tag({ repo: "dockerode", tag: "1" });
  const { Id } = await docker.getImage("dockerode:1").inspect();
  const archive = await buffer(await docker.getImage("dockerode:1").get());
  await docker.getImage("dockerode:1").remove();
  const loaded = await text(await docker.loadImage(await asStream(archive)));
  expect(loaded).toContain("Loaded image: dockerode:1");
  expect((await docker.getImage("dockerode:1").inspect()).Id).toBe(Id);
  await docker.getImage("dockerode:1").remove();
  const container = await create({ Cmd: ["sh", "-c", "echo kept > /f"] });
  await container.start();
  await container.wait();
  const committed = (await container.commit({ repo: "dockerode", tag: "2", changes: 'CMD ["cat","/f"]' })) as { Id: string };
  onTestFinished(() => docker.getImage("dockerode:2").remove({ force: true }));
  expect((await docker.getImage("dockerode:2").inspect()).Id).toBe(committed.Id);
  const [result] = (await docker.run("dockerode:2", [], new PassThrough(), { name: "from-commit" })) as [{ StatusCode: number }];
  onTestFinished(() => docker.getContainer("from-commit").remove({ force: true }));
  expect(result.StatusCode).toBe(0);
});

async function asStream(bytes: Buffer): Promise<NodeJS.ReadableStream> {
  const stream = new PassThrough();
  stream.end(bytes);
  return stream;
}

test("a container that does not run joins and leaves networks, as compose and testcontainers have it do", async () => {
  const makeNetwork = async () => {
    const network = await docker.createNetwork({ Name: `n${randomBytes(4).toString("hex")}` });
    onTestFinished(() => network.remove().catch(() => undefined));
    return { network, name: (await network.inspect()).Name };
  };
  const [one, two] = [await makeNetwork(), await makeNetwork()];
  const server = await create({ Cmd: ["sh", "-c", "sleep 100"], HostConfig: { NetworkMode: one.name, AutoRemove: true } });
  expect(Object.keys((await server.inspect()).NetworkSettings.Networks)).toEqual([one.name]);
  await one.network.disconnect({ Container: server.id });
  await one.network.connect({ Container: server.id, EndpointConfig: { Aliases: ["first"] } });
  await two.network.connect({ Container: server.id, EndpointConfig: { Aliases: ["second"] } });
  const old = new Docker({ socketPath: host.socketPath, version: "v1.38" });
  const { Networks } = (await old.getContainer(server.id).inspect()).NetworkSettings;
  expect(Networks[two.name]?.Aliases).toEqual(expect.arrayContaining(["second", server.id.slice(0, 12)]));
  await server.start();
  for (const [{ name }, alias] of [
    [one, "first"],
    [two, "second"],
  ] as const) {
    const client = await create({ Cmd: ["ping", "-c1", "-W2", alias], HostConfig: { NetworkMode: name } });
    await client.start();
    expect(await client.wait()).toMatchObject({ StatusCode: 0 });
    await client.remove();
  }
  await server.stop({ t: 0 });
});

test("the networks of a running container stay as they are; none is left twice", async ({ skip }) => {
  if (process.env["RBUILD_CONFORMANCE_SOCKET"]) skip("Docker changes them");
  const network = await docker.createNetwork({ Name: `n${randomBytes(4).toString("hex")}` });
  onTestFinished(() => network.remove().catch(() => undefined));
  const container = await create({ Cmd: ["sleep", "100"] });
  await expect(network.disconnect({ Container: container.id })).rejects.toMatchObject({ statusCode: 403, json: { code: "container.not-in-network" } });
  await container.start();
  await expect(network.connect({ Container: container.id })).rejects.toMatchObject({ statusCode: 409, json: { code: "container.networks-fixed" } });
});

test("attach with logs tells what was, update of nothing changes nothing", async () => {
  const container = await create({ Cmd: ["sh", "-c", "echo before; sleep 100"] });
  await container.start();
  await expect.poll(async () => (await container.logs({ stdout: true })).toString()).toContain("before");
  expect(await outputOf(await container.attach({ logs: true, stream: false, stdout: true, stderr: true }))).toEqual({ out: "before\n", err: "" });
  expect(await container.update({})).toEqual({ Warnings: null });
  await expect(container.update({ Memory: 1024 * 1024 * 64 })).rejects.toMatchObject({ statusCode: 501 });
});

test("events arrive while they happen", async () => {
  const events = (await docker.getEvents({ filters: { type: ["volume"] } })) as PassThrough;
  const first = new Promise<string>((resolve) => events.once("data", (chunk: Buffer) => resolve(chunk.toString())));
  await docker.createVolume({ Name: "announced" });
  onTestFinished(() => docker.getVolume("announced").remove());
  expect(JSON.parse(await first)).toMatchObject({ Type: "volume", Action: "create", Actor: { ID: "announced" } });
  events.destroy();
});

test("what cannot be done is an error with a status and a message", async () => {
  await expect(docker.createContainer({ Image: "nonesuch:x" })).rejects.toMatchObject({
    statusCode: 404,
    json: { message: expect.stringMatching(/no such image/i) },
  });
  await expect(docker.getContainer("nonesuch").start()).rejects.toMatchObject({ statusCode: 404 });
  await expect(docker.pull("nonesuch:x")).rejects.toMatchObject({ statusCode: 503 });
});
