import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { run, toolEnvironment } from "../../../src/system/index.ts";
import { RBUILD, rbuild } from "../../support/rbuild-command.ts";
import { scratchDirectory } from "../../support/scratch.ts";

/** What bash offers for the last of the words, sorted. */
const bash = (...words: readonly string[]) => bashWith({}, ...words);
async function bashWith(variables: Readonly<Record<string, string>>, ...words: readonly string[]): Promise<string[]> {
  const script = 'eval "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _rbuild; printf "%s\\n" "${COMPREPLY[@]}"';
  const { stdout: completion } = await rbuild(["completion", "bash"]);
  const { stdout } = await run("bash", ["--norc", "-uc", script, "bash", completion, RBUILD, ...words], { env: { ...toolEnvironment(), ...variables } });
  return stdout.split("\n").filter(Boolean).sort();
}

/** A tree with an image of its own. */
async function openTree(): Promise<string> {
  const tree = await scratchDirectory();
  await mkdir(join(tree, "images/own"), { recursive: true });
  await writeFile(join(tree, "images/own/image.yaml"), "");
  return tree;
}
const DEFINED = ["apt-cacher-ng", "base", "builder"];

describe("bash", () => {
  it("offers commands", async () => {
    expect(await bash("en")).toEqual(["engine"]);
    expect(await bash("engine", "")).toEqual(["fsck", "gc", "info", "serve"]);
    expect(await bash("-C", "/tmp", "--json", "con")).toEqual(["config"]);
  });

  it("offers options, the command's own and those of all", async () => {
    expect(await bash("doctor", "--f")).toEqual(["--fix", "--for"]);
    expect(await bash("doctor", "--js")).toEqual(["--json"]);
  });

  it("offers values", async () => {
    expect(await bash("doctor", "--for", "t")).toEqual(["test"]);
    expect(await bash("config", "set", "mi")).toEqual(["mirror"]);
    expect(await bash("completion", "")).toEqual(["bash", "fish", "zsh"]);
    expect(await bash("serve", "--attack", "roll")).toEqual(["rollback"]);
  });

  it("offers directories where one is wanted", async () => {
    const directory = await scratchDirectory();
    await mkdir(join(directory, "a tree"));
    expect(await bash("-C", `${directory}/a`)).toEqual([join(directory, "a tree")]);
  });

  it("offers files where a file is one of several things that may be named", async () => {
    const directory = await scratchDirectory();
    await writeFile(join(directory, "a-file"), "");
    for (const words of [
      ["image", "fetch", "--from"],
      ["image", "publish", "--signer"],
      ["keys", "sign", "--sign-with"],
      ["image", "sign"],
    ])
      expect(await bash(...words, `${directory}/a`), words.join(" ")).toEqual([join(directory, "a-file")]);
  });

  it("offers the certificates of the tree's keys", async () => {
    const tree = await openTree();
    const [one, two] = ["A".repeat(40), "B".repeat(40)] as const;
    await mkdir(join(tree, "keys/root"), { recursive: true });
    for (const name of [`${one}.asc`, `${two}.asc`, "README.md"]) await writeFile(join(tree, "keys", name), "");
    expect(await bash("-C", tree, "keys", "show", "")).toEqual([one, two]);
    expect(await bash("-C", tree, "keys", "drill", one, "B")).toEqual([two]);
  });

  it("offers the images that are defined where the command would work, for each name", async () => {
    const tree = await openTree();
    expect(await bash("image", "build", "b")).toEqual(["base", "builder"]);
    expect(await bash("-C", tree, "image", "pin", "base", "")).toEqual([...DEFINED, "own"]);
    expect(await bash("-C", tree, "image", "lock", "--mirror", "http", ":", "//a", "o")).toEqual(["own"]);
    expect(await bash("-C", tree, "image", "bundle", "file", "ow")).toEqual(["own"]);
    expect(await bash("-C", "/nonexistent", "explain", "")).toEqual([]);
  });

  it("offers the images that the engine has, whose names have colons", async () => {
    const root = await scratchDirectory();
    await mkdir(join(root, "image"));
    const manifests = ["rbuild/base:1", "rbuild/base:2", "other:1"].map((name) => ({ annotations: { "org.opencontainers.image.ref.name": name } }));
    await writeFile(join(root, "image/index.json"), JSON.stringify({ manifests }));
    await writeFile(join(root, "config.json"), JSON.stringify({ "engine-root": root }));
    expect(await bashWith({ RBUILD_CONFIG_HOME: root }, "run", "rb")).toEqual(["rbuild/base:1", "rbuild/base:2"]);
    expect(await bashWith({ RBUILD_CONFIG_HOME: root }, "run", "rbuild/base", ":")).toEqual(["1", "2"]);
  });
});

/** Runs a script of another shell; `$1` is its completion, `$2` a tree. */
async function inShell(shell: "zsh" | "fish", script: string): Promise<string> {
  const file = join(await scratchDirectory(), "completion");
  await writeFile(file, (await rbuild(["completion", shell])).stdout);
  const { stdout } = await run(shell, ["-c", script, ...(shell === "zsh" ? [shell] : []), file, await openTree()]);
  return stdout;
}

describe("zsh", () => {
  it("takes the script", async () => {
    expect(await inShell("zsh", "autoload -U compinit; compinit -D -u; source $1; whence -w _rbuild")).toMatch(/_rbuild: function/);
  });

  it("offers the images that are defined", async () => {
    const script = `compdef() { }; source $1; _rbuild_words=(${RBUILD} -C $2 image pin)
      compadd() { print -r -- "$@" }; _rbuild_names -V names definitions; functions _rbuild_image_pin`;
    const [offered, ...verb] = (await inShell("zsh", script)).split("\n");
    expect(offered).toBe(`-V names -- ${[...DEFINED, "own"].join(" ")}`);
    // As _arguments calls it: with options before its own word.
    expect(verb.join("")).toContain("'*:value:_rbuild_names definitions'");
  });
});

describe("fish", () => {
  const offered = (line: string) =>
    inShell("fish", `source $argv[1]; set -x PATH ${dirname(RBUILD)} $PATH; complete -C "${line}" | string split -f 1 \\t | sort | string join " "; true`);

  it("offers commands and options", async () => {
    expect(await offered("rbuild engine ")).toMatch(/^fsck gc info serve$/m);
    expect(await offered("rbuild image build base --of")).toBe("--offline\n");
  });

  it("offers the images that are defined, for each name", async () => {
    expect(await offered("rbuild image build b")).toBe("base builder\n");
    expect(await offered("rbuild -C $argv[2] image pin base o")).toBe("own\n");
  });
});
