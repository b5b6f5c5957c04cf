import type { Heredoc } from "../parse/ast.ts";
import type { CommandLine, Written } from "./instruction.ts";
import type { InstructionReader } from "./reader.ts";
import { type RunMount, readRunMount } from "./run-mount.ts";

export interface RunInstruction extends Written {
  readonly kind: "run";
  readonly command: CommandLine;
  readonly heredocs: readonly Heredoc[];
  /** Undefined: the build's own network. */
  readonly network?: "none" | "host";
  readonly mounts: readonly RunMount[];
}

export function readRun(reader: InstructionReader): RunInstruction {
  const flags = reader.flags(["network"], ["mount"]);
  const network = reader.value(flags, "network") ?? "default";
  if (network !== "default" && network !== "none" && network !== "host") throw reader.error("--network is default, none or host", flags.get("network"));
  const mounts = reader.node.flags.filter(({ name }) => name === "mount").map((flag) => readRunMount(reader, flag));
  const command = reader.command();
  if (command.form === "exec" ? command.args.length === 0 : command.command === "") throw reader.error("RUN needs a command");
  return { kind: "run", ...reader.written, command, heredocs: reader.node.heredocs, ...(network === "default" ? {} : { network }), mounts };
}
