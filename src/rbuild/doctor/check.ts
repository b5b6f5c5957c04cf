import type { Job } from "./jobs.ts";

/** `fail`: the job cannot run. `warn`: it can, with something less. */
export type CheckStatus = "ok" | "warn" | "fail";

/** One thing the doctor looked at. */
export interface Check {
  /** `tool.runc`, `kernel.overlayfs`: stable. */
  readonly id: string;
  readonly status: CheckStatus;
  readonly found: string;
  readonly needed: string;
  /** What it is for. */
  readonly why: string;
  /** The command that mends it. */
  readonly fix?: string;
}

export interface CheckContext {
  readonly job: Job;
  /** The embedded engine's root, which need not exist yet. */
  readonly engineRoot: string;
  /** `--mirror`, where one is given. */
  readonly mirror?: string;
  readonly isRoot: boolean;
  readonly signal?: AbortSignal;
}

/** Looks at one side of the host. Changes nothing that outlives it; never throws for what it finds. */
export type HostCheck = (context: CheckContext) => Promise<readonly Check[]>;
