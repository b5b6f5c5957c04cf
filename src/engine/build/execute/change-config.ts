import { posix } from "node:path";
import type { ContainerDefaults } from "../../../oci/index.ts";
import type { CommandLine, Instruction } from "../instructions/instruction.ts";
import { syntaxError } from "../parse/syntax-error.ts";
import type { BuildPlan } from "../plan/plan.ts";
import { exposedPorts } from "./exposed-ports.ts";
import { defaultsOf, type StageState } from "./stage-state.ts";
import { environmentOf, expander } from "./step-scope.ts";

/** Instructions that change the config and nothing else. */
export type ConfigInstruction = Exclude<Instruction, { readonly kind: "from" | "run" | "copy" | "add" | "workdir" | "arg" }>;

export const DEFAULT_SHELL = ["/bin/sh", "-c"];

export function changeConfig(plan: Pick<BuildPlan, "file" | "escape">, state: StageState, instruction: ConfigInstruction): StageState {
  const expand = expander(plan, state, instruction);
  const defaults = defaultsOf(state);
  const fail = (reason: string) => syntaxError({ ...instruction, file: plan.file }, reason);
  const change = (changed: ContainerDefaults): StageState => ({ ...state, config: { ...state.config, config: { ...defaults, ...changed } } });
  switch (instruction.kind) {
    case "cmd":
      return { ...change({ Cmd: commandArgs(state, instruction.command) }), hasOwnCommand: true };
    case "entrypoint":
      return change({ Entrypoint: commandArgs(state, instruction.command), ...(state.hasOwnCommand ? {} : { Cmd: null }) });
    case "env": {
      const environment = new Map(environmentOf(state));
      for (const { name, value } of instruction.pairs) environment.set(expand(name), expand(value));
      if (environment.has("")) throw fail("a variable needs a name");
      return change({ Env: [...environment].map(([name, value]) => `${name}=${value}`) });
    }
    case "expose":
      return change({
        ExposedPorts: {
          ...defaults.ExposedPorts,
          ...exposedPorts(
            instruction.ports.map((port) => expand(port)),
            fail,
          ),
        },
      });
    case "healthcheck":
      return change({ Healthcheck: instruction.healthcheck });
    case "label":
      return change({ Labels: { ...defaults.Labels, ...Object.fromEntries(instruction.pairs.map(({ name, value }) => [expand(name), expand(value)])) } });
    case "maintainer":
      return { ...state, config: { ...state.config, author: expand(instruction.author) } };
    case "onbuild":
      return change({ OnBuild: [...(defaults.OnBuild ?? []), instruction.trigger] });
    case "shell":
      return change({ Shell: [...instruction.shell] });
    case "stopsignal": {
      const signal = expand(instruction.signal);
      if (!/^(?:SIG[A-Z0-9+-]{1,12}|[A-Z][A-Z0-9+-]{1,12}|\d{1,2})$/.test(signal)) throw fail(`${JSON.stringify(signal)} is not a signal`);
      return change({ StopSignal: signal });
    }
    case "user":
      return change({ User: expand(instruction.user) });
    case "volume":
      return change({ Volumes: { ...defaults.Volumes, ...Object.fromEntries(instruction.paths.map((path) => [absolutePath(state, expand(path)), {}])) } });
    default:
      return instruction satisfies never;
  }
}

/** A command as the config has it: the shell form is given to the shell of the image. */
export function commandArgs(state: StageState, command: CommandLine): string[] {
  return command.form === "exec" ? [...command.args] : [...shellOf(state), command.command];
}

export const shellOf = (state: StageState): readonly string[] => defaultsOf(state).Shell ?? DEFAULT_SHELL;

/** A path inside the image: relative ones start at its working directory. No closing slash. */
export function absolutePath(state: StageState, path: string): string {
  const resolved = posix.resolve("/", defaultsOf(state).WorkingDir ?? "/", path);
  return resolved;
}
