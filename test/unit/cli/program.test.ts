import { existsSync } from "node:fs";
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { describe, expect, it } from "vitest";
import { allCommands, commandTree } from "../../../src/cli/completion/command-tree.ts";
import { createProgram } from "../../../src/cli/program.ts";

const tree = commandTree(createProgram());

describe.each(allCommands(tree).map((command) => [["rbuild", ...command.path].join(" "), command] as const))("%s", (_name, command) => {
  it("says what it does, in one line that is no sentence", () => {
    expect(command.description).toMatch(/^.{10,90}[^.]$/);
  });

  it("says what each option does", () => {
    for (const option of command.options) expect(option.description, option.names.join()).not.toBe("");
  });

  it("has no two options of one name", () => {
    const names = command.options.flatMap((option) => option.names);
    expect(names).toEqual([...new Set(names)]);
  });
});

it("has every command in a file of its own", () => {
  const places = ({ path: [name] }: (typeof tree.commands)[number]) => [`${name}.ts`, `${name}/${name}.ts`];
  for (const command of tree.commands)
    expect(
      places(command).some((place) => existsSync(new URL(`../../../src/cli/commands/${place}`, import.meta.url))),
      command.path[0],
    ).toBe(true);
});

it.each(["before", "after"])("takes global options %s the command", async (place) => {
  const program = createProgram();
  const seen: unknown[] = [];
  const list = program.commands.find((command) => command.name() === "config")?.commands.find((command) => command.name() === "list");
  list?.action((...args) => void seen.push((args.at(-1) as CommandUnknownOpts).optsWithGlobals()));
  const globals = ["--json", "--engine-root", "/e"];
  await program.parseAsync(place === "before" ? [...globals, "config", "list"] : ["config", "list", ...globals], { from: "user" });
  expect(seen).toEqual([{ json: true, engineRoot: "/e" }]);
});

it("leaves what follows an image to the command in the container", async () => {
  const program = createProgram();
  const seen: unknown[] = [];
  const run = program.commands.find((command) => command.name() === "run");
  run?.action((...[image, words, options]) => void seen.push(image, words, (options as { readonly env: unknown }).env));
  await program.parseAsync(["run", "--rm", "-e", "A=1", "img", "env", "-e", "--json"], { from: "user" });
  expect(seen).toEqual(["img", ["env", "-e", "--json"], ["A=1"]]);
});
