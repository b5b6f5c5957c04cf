/** A piece of what a command printed. */
export interface StepOutput {
  readonly stream: "stdout" | "stderr";
  readonly data: Uint8Array;
}

export interface StepCommand {
  readonly args: readonly string[];
}

/** Why a command ended. */
export type StepExit = { readonly kind: "exited"; readonly code: number } | { readonly kind: "out-of-memory"; readonly code: number };

/** A command that was started. Disposing it ends the command, however far it is, and waits until it is gone. */
export interface RunningStep extends AsyncDisposable {
  /** Everything that it prints, in order of arrival, from its first byte. Read it to its end before `exit`. */
  readonly output: AsyncIterable<StepOutput>;
  exit(): Promise<StepExit>;
}

/** Where the commands of a tree run: a container, or for the tests of this folder the host. */
export interface StepRunner {
  /** An abort ends the command; `output` and `exit` then reject with the signal's reason. */
  start(command: StepCommand, options?: { readonly signal?: AbortSignal }): Promise<RunningStep>;
}
