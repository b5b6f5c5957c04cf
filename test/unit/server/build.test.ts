import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { serveFake } from "../../support/serve-fake.ts";

const lines = (text: string) =>
  text
    .trim()
    .split("\r\n")
    .map((line) => JSON.parse(line) as Record<string, any>);

test("build: parameters in, the classic builder's stream out", async () => {
  const { call, engine } = await serveFake();
  const query = `t=im:1&t=im&dockerfile=D&buildargs=${encodeURIComponent('{"A":"b","N":null}')}&labels=${encodeURIComponent('{"l":"v"}')}&networkmode=none&nocache=1`;
  const reply = await call({ method: "POST", path: `/build?${query}`, body: gzipSync(Buffer.from("tar")) });
  expect(engine.builds[0]).toMatchObject({
    references: ["im:1", "im"],
    dockerfile: "D",
    buildArgs: { A: "b" },
    labels: { l: "v" },
    network: "none",
    noCache: true,
  });
  expect(lines(reply.text).map(({ stream, aux }) => stream ?? aux)).toEqual([
    "Step 1/1 : FROM busybox:test",
    "\n",
    expect.stringMatching(/^ ---> [0-9a-f]{12}\n$/),
    { ID: expect.stringMatching(/^sha256:/) },
    expect.stringMatching(/^Successfully built [0-9a-f]{12}\n$/),
    "Successfully tagged im:1\n",
    "Successfully tagged im:latest\n",
  ]);
});

test("a failed step is told in the stream with its exit code; what fails before has a status", async () => {
  const { call } = await serveFake();
  const failed = lines((await call({ method: "POST", path: "/build?target=broken", body: "tar" })).text);
  expect(failed.at(-1)).toMatchObject({ errorDetail: { code: 3, message: expect.stringContaining("returned a non-zero code: 3") }, error: expect.any(String) });
  expect(await call({ method: "POST", path: "/build" })).toMatchObject({ status: 400, json: { code: "dockerfile.missing" } });
  expect(await call({ method: "POST", path: "/build?version=2", body: "tar" })).toMatchObject({ status: 501 });
  expect(await call({ method: "POST", path: "/build?buildargs=x", body: "tar" })).toMatchObject({ status: 400 });
  expect(await call({ method: "POST", path: "/build?remote=https://x.invalid/x.git", body: "tar" })).toMatchObject({ status: 400 });
});

test("a quiet build says the id alone", async () => {
  const { call } = await serveFake();
  expect(lines((await call({ method: "POST", path: "/build?q=1", body: "tar" })).text)).toEqual([{ stream: expect.stringMatching(/^sha256:[0-9a-f]{64}\n$/) }]);
});
