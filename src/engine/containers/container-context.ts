import type { Clock } from "../../system/index.ts";
import type { ContentStore } from "../content/content-store.ts";
import type { EventHub } from "../events.ts";
import type { ImageStore } from "../images/image.ts";
import type { NetworkStack } from "../networks/network-stack.ts";
import type { HostFacts } from "../runtime/host/host-facts.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { SeccompCache } from "../runtime/seccomp-cache.ts";
import type { Snapshotter } from "../snapshots/snapshotter.ts";
import type { Volumes } from "../volumes/volume.ts";
import type { PendingAttachments } from "./attach/pending-attachments.ts";
import type { ContainerId } from "./container.ts";
import type { ExecSessions } from "./exec/exec-sessions.ts";
import type { EndNotices } from "./exit/end-notices.ts";
import type { ExitWatch } from "./exit/exit-watch.ts";
import type { ContainerOwner, ContainerRecord, ContainerStatus } from "./state/container-record.ts";
import type { ContainerStore } from "./state/container-store.ts";

/** What the phases of a container's life share. */
export interface ContainerContext {
  readonly root: string;
  readonly runRoot: string;
  readonly owner: ContainerOwner;
  readonly clock: Clock;
  readonly host: HostFacts;
  readonly store: ContainerStore;
  readonly content: ContentStore;
  readonly images: ImageStore;
  readonly snapshots: Snapshotter;
  readonly volumes: Volumes;
  readonly network: NetworkStack;
  readonly events: EventHub;
  readonly exits: ExitWatch;
  readonly notices: EndNotices;
  readonly pending: PendingAttachments;
  readonly execs: ExecSessions;
  readonly seccomp: SeccompCache;
  /** Aborts when the engine closes: nothing new is begun, what waits gives up. */
  readonly closing: AbortSignal;
  /** Work that nobody waits for: an engine that closes does. A failure is a warning of the process. */
  inBackground(work: () => Promise<void>): Promise<void>;
  /** A container's first process has ended: takes note of it and does what is to follow. Never throws; nothing once the engine has closed. */
  onEnd(id: ContainerId): Promise<void>;
  /** Found when first needed. @throws RbuildError `runtime.missing` */
  runtime(): Promise<Runtime>;
  /** Path of conmon. @throws RbuildError `runtime.monitor-missing` */
  monitor(): string;
}

/** Tells of a container in Docker's words. */
export function publishContainer(
  context: ContainerContext,
  action: string,
  record: ContainerRecord,
  status: Pick<ContainerStatus, "name">,
  attributes: Readonly<Record<string, string>> = {},
): void {
  context.events.publish({
    kind: "container",
    action,
    id: record.id,
    attributes: { ...record.spec.labels, image: record.spec.image, name: status.name, ...attributes },
  });
}

/** Changes the status on disk. The caller holds the container's lock. */
export async function updateStatus(context: ContainerContext, id: ContainerId, change: (status: ContainerStatus) => ContainerStatus): Promise<ContainerStatus> {
  const status = change((await context.store.get(id)).status);
  await context.store.writeStatus(id, status);
  return status;
}
