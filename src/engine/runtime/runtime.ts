/** An OCI runtime as the engine uses it; drivers are named for their program. Containers come into being through a monitor, see `monitor/`. */
export interface Runtime {
  readonly name: "runc" | "crun";
  /** The program, or what stands before it where this host needs that. */
  readonly path: string;
  readonly version: string;
  /** Arguments that come before every subcommand. */
  readonly globalArguments: readonly string[];
  /** Where it keeps its own state: a directory for each container. */
  readonly stateDirectory: string;
  /** Lets a created container's first process run. @throws RbuildError `runtime.failed` */
  start(id: string): Promise<void>;
  /** Ends what still runs of a container and forgets it; idempotent. */
  delete(id: string): Promise<void>;
  /** Forgets a container all of whose processes have ended, without running the program; its cgroups are the caller's to remove. */
  forget(id: string): Promise<void>;
  pause(id: string): Promise<void>;
  resume(id: string): Promise<void>;
}
