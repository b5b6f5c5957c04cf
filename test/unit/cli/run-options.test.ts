import { expect, it } from "vitest";
import { createOptions } from "../../../src/cli/run-options.ts";

const plain = { env: [], volume: [], network: "bridge" };

it("asks for what was typed and nothing else", () => {
  expect(createOptions("img", ["sh", "-c", "x"], { ...plain, workdir: "/w", user: "1:2", name: "n", entrypoint: "/e", interactive: true, tty: true })).toEqual({
    Image: "img",
    Cmd: ["sh", "-c", "x"],
    Entrypoint: ["/e"],
    name: "n",
    WorkingDir: "/w",
    User: "1:2",
    Env: [],
    Tty: true,
    OpenStdin: true,
    StdinOnce: true,
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    HostConfig: { NetworkMode: "bridge", Binds: [] },
  });
  expect(createOptions("img", [], plain)).not.toHaveProperty("Cmd");
});

it("passes variables on by value or from here", () => {
  const { Env } = createOptions("img", [], { ...plain, env: ["A=1=2", "HOME", "RBUILD_TEST_UNSET"] });
  expect(Env).toEqual(["A=1=2", `HOME=${process.env["HOME"]}`]);
  expect(() => createOptions("img", [], { ...plain, env: ["=x"] })).toThrow(expect.objectContaining({ code: "cli.invalid-value" }));
});

it("tells paths from names of volumes", () => {
  const { HostConfig } = createOptions("img", [], { ...plain, volume: ["./a:/b:ro", "/x:/y", "cache:/c"] });
  expect(HostConfig?.Binds).toEqual([`${process.cwd()}/a:/b:ro`, "/x:/y", "cache:/c"]);
  for (const volume of ["a", "a:b", ":/b", "a:/b:ro:z"])
    expect(() => createOptions("img", [], { ...plain, volume: [volume] })).toThrow(expect.objectContaining({ code: "cli.invalid-value" }));
});
