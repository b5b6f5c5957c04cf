import { join } from "node:path";
import { removeTree } from "../../system/index.ts";
import { runTool } from "./run-tool.ts";
import type { Runtime } from "./runtime.ts";
import { runtimeFailure } from "./runtime-message.ts";

export interface RuntimeProgram {
  readonly name: Runtime["name"];
  readonly path: string;
  readonly version: string;
  /** Where it keeps its own state: a directory for each container. */
  readonly stateDirectory: string;
  /** Of the program itself, before every subcommand. */
  readonly options: readonly string[];
}

/** Drives runc, crun or any program with their command line. */
export function createOciRuntime(program: RuntimeProgram): Runtime {
  const globalArguments = ["--root", program.stateDirectory, ...program.options];
  const command = async (action: string, id: string, ...flags: string[]) => {
    const result = await runTool(program.path, [...globalArguments, action, ...flags, id]);
    if (result.exitCode !== 0) throw runtimeFailure(program.name, action, id, result);
  };
  return {
    ...program,
    globalArguments,
    start: (id) => command("start", id),
    delete: (id) => command("delete", id, "--force"),
    forget: (id) => removeTree(join(program.stateDirectory, id)),
    pause: (id) => command("pause", id),
    resume: (id) => command("resume", id),
  };
}
