import type { ContainerInfo, ContainerState } from "./container.ts";
import type { ContainerContext } from "./container-context.ts";
import type { ContainerPhase } from "./state/container-record.ts";
import type { StoredContainer } from "./state/container-store.ts";

export function containerInfo(context: ContainerContext, { record, status }: StoredContainer): ContainerInfo {
  return {
    id: record.id,
    name: status.name,
    createdAt: record.createdAt,
    imageId: record.imageId,
    spec: record.spec,
    process: record.process,
    state: stateOf(status.phase),
    endpoints: status.endpoints,
    publishedPorts: status.publishedPorts,
    mounts: record.mounts,
    capabilities: status.capabilities,
    warnings: status.warnings,
    execIds: context.execs.idsOf(record.id),
  };
}

function stateOf(phase: ContainerPhase): ContainerState {
  switch (phase.kind) {
    case "created":
    case "exited":
    case "dead":
      return phase;
    case "running":
      return { kind: "running", pid: phase.process.pid, startedAt: phase.startedAt, paused: phase.paused };
    case "removing":
      return { kind: "dead", reason: "it is being removed", finishedAt: "" };
    default:
      return phase satisfies never;
  }
}
