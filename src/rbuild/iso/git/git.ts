import { realpath } from "node:fs/promises";
import { pipeTool, type RunResult, run, toolEnvironment } from "../../../system/index.ts";

/** Git in one directory, unable to run any program that the repository's own configuration names. */
export interface Git {
  readonly directory: string;
  /** @throws RbuildError `tool.failed`, `tool.missing` */
  run(args: readonly string[], options?: { readonly okCodes?: readonly number[] }): Promise<RunResult>;
  /** What git prints, as it prints it. @throws as `run` */
  stream(args: readonly string[], input: string): AsyncIterable<Uint8Array>;
}

/** Most bytes of an answer: a status of some hundred thousand files. */
const MAX_GIT_OUTPUT = 64 * 1024 * 1024;

/** Settings that make git run programs, whoever wrote the repository's configuration. git-config(1). */
const HARMLESS: Readonly<Record<string, string>> = {
  "core.fsmonitor": "false",
  "core.hooksPath": "/dev/null",
  "core.pager": "cat",
  "core.untrackedCache": "false",
  "core.sshCommand": "false",
  "core.alternateRefsCommand": "false",
  "core.attributesFile": "/dev/null",
  "core.excludesFile": "/dev/null",
  "credential.helper": "",
  "diff.external": "",
  "gpg.program": "false",
  "protocol.allow": "never",
};

/** Keys below which each repository invents names of its own; what they say is a command, or that it must work. */
const NAMED_COMMANDS = /^(?:filter\..*\.(?:clean|smudge|process|required)|diff\..*\.(?:command|textconv)|merge\..*\.driver)$/is;

/**
 * Opens git for `directory`. The tree may belong to somebody else (`sudo rbuild`): `safe.directory` says that this is
 * known, since nothing of what the check protects from can happen here. User and system configuration are not read, so that the answers are the same for everybody.
 */
export async function openGit(directory: string, options: { readonly signal?: AbortSignal } = {}): Promise<Git> {
  const cwd = await realpath(directory);
  const start = (settings: readonly (readonly [string, string])[], args: readonly string[], okCodes?: readonly number[]) =>
    run("git", args, {
      cwd,
      env: gitEnvironment(settings),
      maxOutput: MAX_GIT_OUTPUT,
      ...(okCodes ? { okCodes } : {}),
      ...(options.signal ? { signal: options.signal } : {}),
    });
  // The command scope wins over the repository's own file, and is the one scope besides the user's that may say safe.directory.
  const settings: [string, string][] = [["safe.directory", "*"], ...Object.entries(HARMLESS)];
  const { stdout } = await start(settings, ["config", "--list", "--name-only", "--null", "--includes"], [0, 128]);
  for (const key of new Set(stdout.split("\0"))) if (NAMED_COMMANDS.test(key)) settings.push([key, key.endsWith("required") ? "false" : ""]);
  return {
    directory: cwd,
    run: (args, { okCodes } = {}) => start(settings, args, okCodes),
    stream: (args, input) => pipeTool("git", args, lines(input), { cwd, env: gitEnvironment(settings), ...(options.signal ? { signal: options.signal } : {}) }),
  };
}

async function* lines(text: string): AsyncGenerator<Uint8Array, void, undefined> {
  yield Buffer.from(text);
}

/** Nothing of the caller's GIT_* variables is passed on. */
function gitEnvironment(settings: readonly (readonly [string, string])[]): Record<string, string> {
  return {
    ...toolEnvironment(),
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_OPTIONAL_LOCKS: "0",
    GIT_TERMINAL_PROMPT: "0",
    GIT_ATTR_NOSYSTEM: "1",
    GIT_CONFIG_COUNT: String(settings.length),
    ...Object.fromEntries(
      settings.flatMap(([key, value], index) => [
        [`GIT_CONFIG_KEY_${index}`, key],
        [`GIT_CONFIG_VALUE_${index}`, value],
      ]),
    ),
  };
}
