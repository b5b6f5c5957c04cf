import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { run } from "../../../src/system/index.ts";
import { rbuild } from "../../support/rbuild-command.ts";
import { scratchDirectory } from "../../support/scratch.ts";

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
    const directory = await scratchDirectory();
    await mkdir(join(directory, "a tree"));
    expect(await bash("-C", `${directory}/a`)).toEqual([join(directory, "a tree")]);
  });
});

describe.each([
  ["zsh", "/usr/bin/zsh", "autoload -U compinit; compinit -D -u; source $1; whence -w _rbuild", /_rbuild: function/],
  ["fish", "/usr/bin/fish", 'source $argv[2]; complete -C "rbuild engine " | string split -f 1 \\t | sort | string join " "', /^fsck gc info serve$/m],
] as const)("%s", (shell, path, script, found) => {
  it.skipIf(!existsSync(path))("takes the script", async () => {
    const file = join(await scratchDirectory(), "completion");
    await writeFile(file, (await rbuild(["completion", shell])).stdout);
    const { stdout } = await run(path, ["-c", script, shell, file]);
    expect(stdout).toMatch(found);
  });
});
