import { runTool } from "./run-tool.ts";
import type { Runtime } from "./runtime.ts";
import { runtimeFailure } from "./runtime-message.ts";

/** Drives runc, crun or any program with their command line. */
export function createOciRuntime(parts: {
  readonly name: Runtime["name"];
  readonly path: string;
  readonly version: string;
  /** Where it keeps its own state. */
  readonly stateDirectory: string;
}): Runtime {
  const globalArguments = ["--root", parts.stateDirectory];
  const command = async (action: string, id: string, ...flags: string[]) => {
    const result = await runTool(parts.path, [...globalArguments, action, ...flags, id]);
    if (result.exitCode !== 0) throw runtimeFailure(parts.name, action, id, result);
  };
  return {
    ...parts,
    globalArguments,
    start: (id) => command("start", id),
    delete: (id) => command("delete", id, "--force"),
    pause: (id) => command("pause", id),
    resume: (id) => command("resume", id),
  };
}
