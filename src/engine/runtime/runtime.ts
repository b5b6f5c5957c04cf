/** An OCI runtime as the engine uses it; drivers are named for their program. Containers come into being through a monitor, see `monitor/`. */
export interface Runtime {
  readonly name: "runc" | "crun";
  /** The program, or what stands before it where this host needs that. */
  readonly path: string;
  readonly version: string;
  /** Arguments that come before every subcommand. */
  readonly globalArguments: readonly string[];
  /** Lets a created container's first process run. @throws RbuildError `runtime.failed` */
  start(id: string): Promise<void>;
  /** Ends what still runs of a container and forgets it; idempotent. */
  delete(id: string): Promise<void>;
  pause(id: string): Promise<void>;
  resume(id: string): Promise<void>;
}
