import { expect, test } from "vitest";
import { parseDefinition } from "../../../../../src/rbuild/definition/read-definition.ts";
import { applyDefinition, readDefaults } from "../../../../../src/rbuild/images/assemble/container-defaults.ts";

const definition = (more: string) => parseDefinition(`name: x\nversion: "1"\nfrom: base\n${more}`, "image.yaml");

test("engines that say nothing in different ways give the same defaults", () => {
  const docker = { Hostname: "", User: "", Env: null, Cmd: null, Entrypoint: null, Volumes: null, WorkingDir: "", Labels: null, OnBuild: null };
  expect(readDefaults({ ...docker })).toEqual({});
  expect(readDefaults({ Env: [], Cmd: [], Labels: {}, Volumes: {}, WorkingDir: "/" })).toEqual({});
});

test("what a step's own container was started with is not taken for the image's", () => {
  expect(readDefaults({ User: "0:0", WorkingDir: "/", Labels: { "rbuild.work": "x", kept: "y" } })).toEqual({ Labels: { kept: "y" } });
});

test("what has no order of its own is sorted, commands are not", () => {
  expect(readDefaults({ Env: ["B=1", "A=2"], Cmd: ["z", "a"], ExposedPorts: { "80/tcp": {}, "22/tcp": {} } })).toEqual({
    Env: ["A=2", "B=1"],
    Cmd: ["z", "a"],
    ExposedPorts: { "22/tcp": {}, "80/tcp": {} },
  });
});

test("a definition goes over what it inherits, variable by variable", () => {
  const inherited = { Env: ["A=1", "B=1"], Cmd: ["run"], User: "u", Labels: { a: "b" } };
  expect(applyDefinition(inherited, definition("environment: { B: '2', C: '3' }\nworkingDirectory: /srv\n"), { "rbuild.name": "x" })).toEqual({
    Env: ["A=1", "B=2", "C=3"],
    Cmd: ["run"],
    User: "u",
    WorkingDir: "/srv",
    Labels: { a: "b", "rbuild.name": "x" },
  });
});

test("another entry point takes the inherited command away", () => {
  expect(applyDefinition({ Entrypoint: ["a"], Cmd: ["b"] }, definition("entrypoint: [c]\n"), {})).toEqual({ Entrypoint: ["c"] });
});
