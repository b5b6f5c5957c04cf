import type { ImageId } from "../../../oci/index.ts";
import type { ProcessIdentity } from "../../../system/kernel/pidfd.ts";
import type { ContainerId, ContainerInfo, ContainerSpec, Endpoint, ExitStatus, PortBinding, ResolvedMount } from "../container.ts";

/** Raised when a later engine cannot read what an earlier one wrote. */
export const RECORD_VERSION = 1;

/** Who looks after a container. */
export type ContainerOwner = { readonly kind: "session"; readonly session: string } | { readonly kind: "service" };

/** `container.json`: what does not change while a container runs. */
export interface ContainerRecord {
  readonly version: typeof RECORD_VERSION;
  readonly id: ContainerId;
  readonly createdAt: string;
  readonly owner: ContainerOwner;
  /** Of the engine that made it, where its session's file is. */
  readonly runRoot: string;
  readonly imageId: ImageId;
  readonly spec: ContainerSpec;
  readonly process: ContainerInfo["process"];
  readonly hostname: string;
  readonly stopSignal: string;
  readonly mounts: readonly ResolvedMount[];
  /** Those of `mounts` that came into being with it. */
  readonly anonymousVolumes: readonly string[];
  /** Ports the image or the caller says it listens on. */
  readonly exposedPorts: readonly Pick<PortBinding, "containerPort" | "protocol">[];
}

export type ContainerPhase =
  | { readonly kind: "created" }
  | {
      readonly kind: "running";
      readonly process: ProcessIdentity;
      readonly monitor: ProcessIdentity | undefined;
      readonly startedAt: string;
      readonly paused: boolean;
      /** Process numbers are of this boot alone. */
      readonly bootId: string;
    }
  | { readonly kind: "exited"; readonly exit: ExitStatus; readonly startedAt: string; readonly finishedAt: string }
  | { readonly kind: "dead"; readonly reason: string; readonly finishedAt: string }
  /** Half gone: whoever finds it goes on removing it. */
  | { readonly kind: "removing" };

/** A file or directory that was made in the root file system only to mount something on it. */
export interface MountStub {
  /** In the container, absolute. */
  readonly path: string;
  readonly isDirectory: boolean;
  /** Last change of its parent in nanoseconds, before and after: put back when nothing else has changed it. */
  readonly parentBefore: string;
  readonly parentAfter: string;
}

/** `status.json`: what changes. */
export interface ContainerStatus {
  readonly name: string;
  readonly phase: ContainerPhase;
  readonly endpoints: readonly Endpoint[];
  readonly publishedPorts: readonly (PortBinding & { readonly hostPort: number })[];
  readonly capabilities: readonly string[];
  readonly warnings: readonly string[];
  readonly stubs: readonly MountStub[];
  /** Ended by `stop` or `kill`, so no restart policy brings it back. */
  readonly stoppedByUser: boolean;
  /** Starts by the restart policy since somebody started it. */
  readonly restarts: number;
}
