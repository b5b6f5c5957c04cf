import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { makeTempDirectory, run } from "../../../src/system/index.ts";
import { rbuild } from "../../support/rbuild-command.ts";

/** What bash offers for the last of the words, sorted. */
async function bash(...words: readonly string[]): Promise<string[]> {
  const script = 'eval "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _rbuild; printf "%s\\n" "${COMPREPLY[@]}"';
  const { stdout: completion } = await rbuild(["completion", "bash"]);
  const { stdout } = await run("bash", ["--norc", "-uc", script, "bash", completion, "rbuild", ...words]);
  return stdout.split("\n").filter(Boolean).sort();
}

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
  });

  it("offers directories where one is wanted", async () => {
    const directory = await makeTempDirectory("/var/tmp", "rbuild-completion-");
    onTestFinished(() => directory[Symbol.asyncDispose]());
    await mkdir(join(directory.path, "a tree"));
    expect(await bash("-C", `${directory.path}/a`)).toEqual([join(directory.path, "a tree")]);
  });
});

describe.each([
  ["zsh", "/usr/bin/zsh", 'eval "$(cat)"; whence -w _rbuild'],
  ["fish", "/usr/bin/fish", 'source -; complete -C "rbuild engine " | string match -r "^\\w+" | sort | string join " "'],
] as const)("%s", (shell, path, script) => {
  it.skipIf(!existsSync(path))("takes the script", async () => {
    const { stdout: completion } = await rbuild(["completion", shell]);
    const prelude = shell === "zsh" ? "autoload -U compinit; compinit -D -u; " : "";
    const { stdout } = await run(path, ["-c", `${prelude}${script}`], { input: completion });
    expect(stdout).toMatch(shell === "zsh" ? /_rbuild: function/ : /fsck gc info serve/);
  });
});
