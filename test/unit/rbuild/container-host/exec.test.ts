import { Readable } from "node:stream";
import type Docker from "dockerode";
import { expect, test } from "vitest";
import { execInContainer } from "../../../../src/rbuild/container-host/exec.ts";

test("the exit code of an exec is waited for, which dockerd learns after the end of its output", async () => {
  const answers = [
    { Running: true, ExitCode: null },
    { Running: true, ExitCode: null },
    { Running: false, ExitCode: 7 },
  ];
  const frame = Buffer.from("\x01\0\0\0\0\0\0\x03out", "latin1");
  const exec = { start: async () => Readable.from([frame]), inspect: async () => answers.shift() };
  const container = { id: "0123456789ab", exec: async () => exec } as unknown as Docker.Container;
  expect(await execInContainer(container, ["true"])).toEqual({ exitCode: 7, output: "out" });
});
