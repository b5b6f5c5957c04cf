import type { AddInstruction } from "./add.ts";
import type { ArgInstruction } from "./arg.ts";
import type { CmdInstruction } from "./cmd.ts";
import type { CopyInstruction } from "./copy.ts";
import type { EntrypointInstruction } from "./entrypoint.ts";
import type { EnvInstruction } from "./env.ts";
import type { ExposeInstruction } from "./expose.ts";
import type { FromInstruction } from "./from.ts";
import type { HealthcheckInstruction } from "./healthcheck.ts";
import type { LabelInstruction } from "./label.ts";
import type { MaintainerInstruction } from "./maintainer.ts";
import type { OnbuildInstruction } from "./onbuild.ts";
import type { RunInstruction } from "./run.ts";
import type { ShellInstruction } from "./shell.ts";
import type { StopsignalInstruction } from "./stopsignal.ts";
import type { UserInstruction } from "./user.ts";
import type { VolumeInstruction } from "./volume.ts";
import type { WorkdirInstruction } from "./workdir.ts";

/** Instructions with their arguments told apart, variables in them not yet replaced. */
export type Instruction =
  | AddInstruction
  | ArgInstruction
  | CmdInstruction
  | CopyInstruction
  | EntrypointInstruction
  | EnvInstruction
  | ExposeInstruction
  | FromInstruction
  | HealthcheckInstruction
  | LabelInstruction
  | MaintainerInstruction
  | OnbuildInstruction
  | RunInstruction
  | ShellInstruction
  | StopsignalInstruction
  | UserInstruction
  | VolumeInstruction
  | WorkdirInstruction;

/** What every instruction has. */
export interface Written {
  /** The instruction on one line, as people know it. */
  readonly text: string;
  readonly line: number;
  readonly column: number;
}

/** A command: given to a shell as one text, or executed as an argument vector. */
export type CommandLine = { readonly form: "shell"; readonly command: string } | { readonly form: "exec"; readonly args: readonly string[] };
