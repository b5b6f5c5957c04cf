import { afterAll, beforeAll, expect, test } from "vitest";
import type { ContainerSpec, Engine } from "../../../../src/engine/index.ts";
import { IMAGE, openTestEngine, runShell, startIdle } from "../../../support/engine/test-engine.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await openTestEngine();
});
afterAll(() => engine?.[Symbol.asyncDispose]());

async function ran(script: string, spec: Partial<ContainerSpec> = {}): Promise<string> {
  const { id } = await engine.containers.create({ image: IMAGE, command: ["sh", "-c", script], ...spec });
  await engine.containers.start(id);
  await engine.containers.wait(id);
  return id;
}

test("commits changes as a layer, with the config as changed", async () => {
  const id = await ran("echo new > /root/new; rm /etc/os-release", { env: ["A=1"], user: "root", labels: { l: "1" } });
  const image = await engine.containers.commit(id, {
    reference: "committed:1",
    author: "A. Tester",
    comment: "for a test",
    changes: [
      'CMD ["cat", "/root/new"]',
      "ENV B=2 C='three words'",
      "WORKDIR /root",
      "EXPOSE 80",
      "LABEL k=v",
      'ENTRYPOINT ["env"]',
      "USER builder",
      "VOLUME /v",
    ],
  });
  expect(image.references).toEqual(["committed:1"]);
  expect(image.config.config).toMatchObject({
    Cmd: ["cat", "/root/new"],
    Entrypoint: ["env"],
    WorkingDir: "/root",
    User: "builder",
    ExposedPorts: { "80/tcp": {} },
    Labels: { l: "1", k: "v" },
    Volumes: { "/v": {} },
  });
  expect(image.config.config?.Env).toEqual(expect.arrayContaining(["A=1", "B=2", "C=three words"]));
  expect(image.config.history?.at(-1)).toMatchObject({ author: "A. Tester", comment: "for a test" });
  const { stdout } = await runShell(engine, "", {
    image: "committed:1",
    entrypoint: ["sh"],
    command: ["-c", "cat /root/new; ls /etc/os-release 2>&1; pwd; ls /"],
    user: "root",
  });
  expect(stdout).toMatch(/^new\nls: .*No such file or directory\n\/root\n/);
  expect(stdout).not.toContain(".dockerenv");
  await engine.containers.remove(id);
});

test("equal changes give one digest when time is told", async () => {
  const commits = [];
  for (let round = 0; round < 2; round++) {
    const id = await ran("mkdir /d; echo x > /d/x; chown 5:6 /d/x; echo y > /etc/y");
    commits.push(await engine.containers.commit(id, { sourceDateEpoch: 1_700_000_000 }));
    await engine.containers.remove(id);
  }
  expect(commits[0]?.id).toBe(commits[1]?.id);
  expect(commits[0]?.config.created).toBe("2023-11-14T22:13:20Z");
});

test("commits a running container, which goes on", async () => {
  const id = await startIdle(engine);
  const image = await engine.containers.commit(id);
  expect(image.config.rootfs.diff_ids.length).toBe(2);
  expect((await engine.containers.get(id)).state).toMatchObject({ kind: "running", paused: false });
  await engine.containers.remove(id, { force: true });
});

test("an image stays while a container was made from it", async () => {
  const id = await ran("true");
  await expect(engine.images.remove(IMAGE)).rejects.toMatchObject({ code: "image.in-use" });
  await engine.containers.remove(id);
});

test("refuses an instruction that a commit cannot apply", async () => {
  const id = await ran("true");
  await expect(engine.containers.commit(id, { changes: ["RUN true"] })).rejects.toMatchObject({ code: "container.bad-change" });
  await engine.containers.remove(id);
});
