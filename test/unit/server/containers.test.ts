import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { call, raw, serveFake } from "../../support/serve-fake.ts";

const text = async (stream: NodeJS.ReadableStream) => {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
};

test("dockerode runs a container: attach, start, wait, framed output, exit code, removal", async () => {
  const { docker } = await serveFake();
  const out = new PassThrough();
  const [result, container] = await docker.run("busybox:test", ["echo", "hello", "world"], [out, out], { Tty: false });
  expect(result).toEqual({ StatusCode: 0 });
  expect(out.read()?.toString()).toBe("hello world\n");
  await container.remove();
  await expect(container.inspect()).rejects.toMatchObject({ statusCode: 404 });
});

test("stdin goes in and its end goes through a hijacked connection", async () => {
  const { docker } = await serveFake();
  const container = await docker.createContainer({ Image: "busybox:test", Cmd: ["cat"], OpenStdin: true, StdinOnce: true });
  const stream = await container.attach({ stream: true, stdin: true, stdout: true, stderr: true, hijack: true });
  const output = text(stream);
  await container.start();
  stream.write("one\n");
  stream.end("two\n");
  expect(await container.wait()).toEqual({ StatusCode: 0 });
  expect(await output).toBe("\x01\0\0\0\0\0\0\x08one\ntwo\n");
});

test("wait answers with headers before the container has ended", async () => {
  const { call, docker, socketPath } = await serveFake(async ({ stdin }) => (await stdin, 7));
  const { id } = await docker.createContainer({ Image: "busybox:test", OpenStdin: true, name: "waits" });
  const stream = await docker.getContainer(id).attach({ stream: true, stdin: true, stdout: true, hijack: true });
  const { request } = await import("node:http");
  const seen: string[] = [];
  const body = await new Promise<string>((resolve, reject) => {
    request({ socketPath, method: "POST", path: "/v1.41/containers/waits/wait?condition=next-exit" }, (response) => {
      seen.push(`headers ${response.statusCode}`);
      void call({ method: "POST", path: "/containers/waits/start" }).then(() => stream.end());
      response.on("data", (chunk: Buffer) => resolve(chunk.toString()));
    })
      .on("error", reject)
      .end();
  });
  expect(seen).toEqual(["headers 200"]);
  expect(JSON.parse(body)).toEqual({ StatusCode: 7 });
});

test("says 304 when there is nothing to start or stop, 409 when it cannot be done", async () => {
  const { call, docker } = await serveFake(async ({ stdin }) => (await stdin, 0));
  await docker.createContainer({ Image: "busybox:test", OpenStdin: true, name: "c" });
  expect((await call({ method: "POST", path: "/containers/c/stop" })).status).toBe(304);
  expect((await call({ method: "POST", path: "/containers/c/kill" })).status).toBe(409);
  expect((await call({ method: "POST", path: "/containers/c/start" })).status).toBe(204);
  expect((await call({ method: "POST", path: "/containers/c/start" })).status).toBe(304);
  expect((await call({ method: "DELETE", path: "/containers/c" })).status).toBe(409);
  expect((await call({ method: "DELETE", path: "/containers/c?force=1" })).status).toBe(204);
});

test("logs: framed, one stream, last lines, times", async () => {
  const { docker, call } = await serveFake(async ({ write }) => {
    write("stdout", "a\nb\n");
    write("stderr", "oops\n");
    return 0;
  });
  const container = await docker.createContainer({ Image: "busybox:test", name: "c" });
  await container.start();
  await container.wait();
  expect(await text(await container.logs({ stdout: true, stderr: true, follow: true }))).toBe("\x01\0\0\0\0\0\0\x04a\nb\n\x02\0\0\0\0\0\0\x05oops\n");
  const stamped = await call({ path: "/v1.41/containers/c/logs?stdout=1&timestamps=1" });
  expect(stamped.text).toBe("\x01\0\0\0\0\0\0\x212026-01-02T03:04:00.000000000Z a\n\x01\0\0\0\0\0\0\x212026-01-02T03:04:00.000000000Z b\n");
  expect(stamped.headers["content-type"]).toBe("application/vnd.docker.raw-stream");
  expect((await call({ path: "/v1.42/containers/c/logs?stderr=1&tail=1" })).headers["content-type"]).toBe("application/vnd.docker.multiplexed-stream");
});

test("a TTY's output is raw, and its detach keys end the attach alone", async () => {
  const { docker, socketPath } = await serveFake(async ({ write, stdin }) => {
    write("stdout", "prompt$ ");
    await stdin;
    return 0;
  });
  const { id } = await docker.createContainer({ Image: "busybox:test", Tty: true, OpenStdin: true });
  const reply = raw(
    socketPath,
    `POST /v1.50/containers/${id}/attach?stream=1&stdin=1&stdout=1 HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nls\x10\x11`,
    { halfClose: false },
  );
  await docker.getContainer(id).start();
  const answer = (await reply).toString();
  expect(answer).toMatch(/^HTTP\/1.1 101 UPGRADED\r\n/);
  expect(answer).toContain("Content-Type: application/vnd.docker.raw-stream\r\n");
  expect((await docker.getContainer(id).inspect()).State).toMatchObject({ Status: "running", Pid: 4242 });
});

test("exec: output, exit code, detached, and streams that were not asked for stay out", async () => {
  const { docker } = await serveFake(async ({ args, write }) => {
    write("stdout", `out ${args.join(" ")}\n`);
    write("stderr", "err\n");
    return args[0] === "bad" ? 9 : 0;
  });
  const container = await docker.createContainer({ Image: "busybox:test" });
  const exec = await container.exec({ Cmd: ["bad", "x"], AttachStdout: true });
  const stream = await exec.start({ hijack: true });
  expect(await text(stream)).toBe("\x01\0\0\0\0\0\0\x0aout bad x\n");
  expect(await exec.inspect()).toMatchObject({
    ExitCode: 9,
    Running: false,
    OpenStdout: true,
    OpenStderr: false,
    ProcessConfig: { entrypoint: "bad", arguments: ["x"] },
  });
  const detached = await container.exec({ Cmd: ["true"] });
  await detached.start({ Detach: true });
  await expect.poll(async () => (await detached.inspect()).ExitCode).toBe(0);
});

test("an exec with a terminal is a session", async () => {
  const { docker } = await serveFake(async ({ stdin, write }) => {
    write("stdout", "prompt$ ");
    write("stdout", (await stdin).toString());
    return 0;
  });
  const container = await docker.createContainer({ Image: "busybox:test" });
  const exec = await container.exec({ Cmd: ["sh"], AttachStdin: true, AttachStdout: true, Tty: true });
  const stream = await exec.start({ hijack: true, stdin: true, Tty: true });
  stream.end("typed");
  expect(await text(stream)).toBe("prompt$ typed");
});

test("list: running ones, all, by status, name, label and ancestor", async () => {
  const { docker } = await serveFake();
  await docker.createContainer({ Image: "busybox:test", name: "one", Labels: { a: "b" } });
  const list = async (options: object) => (await docker.listContainers(options)).map(({ Names }) => Names[0]);
  expect(await list({})).toEqual([]);
  expect(await list({ all: true })).toEqual(["/one"]);
  expect(await list({ filters: { status: ["created"] } })).toEqual(["/one"]);
  expect(await list({ all: true, filters: { name: ["^/one$"], label: ["a=b", "from=image"], ancestor: ["busybox:test"] } })).toEqual(["/one"]);
  expect(await list({ all: true, filters: { label: ["a=c"] } })).toEqual([]);
  expect(await list({ all: true, filters: { ancestor: ["nope"] } })).toEqual([]);
  expect((await docker.listContainers({ all: true, size: true }))[0]).toMatchObject({
    SizeRw: 7,
    SizeRootFs: 107,
    Status: "Created",
    State: "created",
    Command: "sh",
    Labels: { a: "b", from: "image" },
  });
});

test("a path's stat travels in the header in Go's file mode", async () => {
  const { call, docker } = await serveFake();
  await docker.createContainer({ Image: "busybox:test", name: "c" });
  const reply = await call({ method: "HEAD", path: "/containers/c/archive?path=/bin" });
  const stat = JSON.parse(Buffer.from(String(reply.headers["x-docker-container-path-stat"]), "base64").toString());
  expect(stat).toEqual({ name: "bin", size: 4096, mode: 2 ** 31 + 0o755, mtime: "1970-01-01T00:00:00.000Z", linkTarget: "" });
  expect((await call({ path: "/containers/c/archive" })).json).toMatchObject({ code: "server.parameter-missing" });
});

test("events: what was and what comes, filtered, exact to the nanosecond", async () => {
  const { docker, engine, socketPath } = await serveFake();
  engine.events.publish({ kind: "container", action: "start", id: "abc", attributes: { image: "busybox:test", name: "x" } });
  engine.events.publish({ kind: "volume", action: "create", id: "v", attributes: {} });
  const reply = await call(socketPath, { path: `/events?since=1&until=${Date.now() / 1000 + 0.2}&filters=${encodeURIComponent('{"type":["container"]}')}` });
  const lines = reply.text.trim().split("\r\n");
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0]!)).toMatchObject({
    status: "start",
    id: "abc",
    from: "busybox:test",
    Type: "container",
    Action: "start",
    Actor: { ID: "abc" },
    scope: "local",
  });
  expect(lines[0]).toMatch(/"timeNano":\d{18}1}$/);
  const stream = await docker.getEvents();
  const next = new Promise<string>((resolve) => stream.once("data", (chunk: Buffer) => resolve(chunk.toString())));
  engine.events.publish({ kind: "network", action: "create", id: "n", attributes: {} });
  expect(JSON.parse(await next)).toMatchObject({ Type: "network", Actor: { ID: "n" } });
  (stream as unknown as { destroy(): void }).destroy();
});
