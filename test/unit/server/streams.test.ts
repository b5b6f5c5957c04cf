import { request } from "node:http";
import { connect } from "node:net";
import { buffer, text } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import { raw, serveFake } from "../../support/serve-fake.ts";

const CHUNK = "x".repeat(100_000);

test("20 MB of output reach a client that reads slowly, without Upgrade too", async () => {
  const { docker } = await serveFake(async ({ write }) => {
    for (let i = 0; i < 200; i += 1) write(i % 2 ? "stdout" : "stderr", CHUNK);
    return 0;
  });
  for (const hijack of [false, true]) {
    const container = await docker.createContainer({ Image: "busybox:test" });
    const stream = await container.attach({ stream: true, stdout: true, stderr: true, hijack });
    await container.start();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect((await buffer(stream)).byteLength).toBe(200 * (CHUNK.length + 8));
  }
});

test("a request's body is stdin when nobody asked for an upgrade", async () => {
  const { docker, socketPath } = await serveFake();
  const { id } = await docker.createContainer({ Image: "busybox:test", Cmd: ["cat"], OpenStdin: true });
  const answer = new Promise<string>((resolve, reject) => {
    const attach = request({ socketPath, method: "POST", path: `/v1.41/containers/${id}/attach?stream=1&stdin=1&stdout=1` }, (response) => {
      void docker.getContainer(id).start();
      attach.end("given");
      text(response).then(resolve, reject);
    });
    attach.on("error", reject);
    attach.flushHeaders();
  });
  expect(await answer).toBe("\x01\0\0\0\0\0\0\x05given");
});

test("what was sent right behind the upgrade's headers is not lost", async () => {
  const { docker, socketPath } = await serveFake();
  const { id } = await docker.createContainer({ Image: "busybox:test", Cmd: ["cat"], OpenStdin: true });
  const reply = raw(
    socketPath,
    `POST /containers/${id}/attach?stream=1&stdin=1&stdout=1 HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nearly`,
  );
  await docker.getContainer(id).start();
  expect((await reply).toString()).toMatch(/\r\n\r\n\x01\0\0\0\0\0\0\x05early$/);
});

test("an exec's upgrade request has a body, and stdin follows it", async () => {
  const { docker, socketPath } = await serveFake();
  const container = await docker.createContainer({ Image: "busybox:test" });
  const { id } = await container.exec({ Cmd: ["cat"], AttachStdin: true, AttachStdout: true });
  const body = '{"Detach":false,"Tty":false}';
  const head = `POST /v1.50/exec/${id}/start HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
  const reply = (await raw(socketPath, `${head}${body}typed`)).toString();
  expect(reply).toContain("Content-Type: application/vnd.docker.multiplexed-stream\r\n");
  expect(reply).toMatch(/\r\n\r\n\x01\0\0\0\0\0\0\x05typed$/);
});

test("a client that goes away aborts what is done for it", async () => {
  const { engine, socketPath } = await serveFake();
  const build = request({ socketPath, method: "POST", path: "/build" });
  build.on("error", () => undefined);
  build.write("the first bytes of a context");
  await expect.poll(() => engine.builds.length).toBe(1);
  expect(engine.builds[0]!.signal!.aborted).toBe(false);
  build.destroy();
  await expect.poll(() => engine.builds[0]!.signal!.aborted).toBe(true);
});

test("closing the server ends event streams and lets the socket go", async () => {
  const { docker, server } = await serveFake();
  const events = await docker.getEvents();
  const ended = text(events);
  await server[Symbol.asyncDispose]();
  expect(await ended).toBe("");
  await expect(docker.ping()).rejects.toThrow();
});

test("without Upgrade, output reaches a client that still sends and reads later", async () => {
  const { docker, socketPath } = await serveFake(async ({ write }) => {
    write("stdout", CHUNK);
    return 0;
  });
  const { id } = await docker.createContainer({ Image: "busybox:test", OpenStdin: true });
  const client = connect({ path: socketPath });
  onTestFinished(() => void client.destroy());
  const error = new Promise((_resolve, reject) => client.once("error", reject));
  client.write(`POST /v1.41/containers/${id}/attach?stream=1&stdin=1&stdout=1 HTTP/1.1\r\nHost: d\r\nContent-Length: 1000000000\r\n\r\n`);
  let received = "";
  client.setEncoding("latin1").on("data", (text: string) => (received += text));
  const more = () => {
    while (client.writable && client.write(Buffer.alloc(65_536)));
  };
  client.on("drain", more);
  more();
  await expect.poll(() => received).toContain("\r\n\r\n");
  client.pause();
  await docker.getContainer(id).start();
  await docker.getContainer(id).wait();
  await new Promise((resolve) => setTimeout(resolve, 100));
  client.resume();
  await Promise.race([error, expect.poll(() => received.endsWith("\r\n0\r\n\r\n")).toBe(true)]);
  expect(received.length).toBeGreaterThan(CHUNK.length);
});
