import type { ContainerInfo, ContainerState } from "../../../engine/index.ts";
import { humanDuration, NEVER } from "./time.ts";

export type DockerStatus = "created" | "running" | "paused" | "exited";

/** Docker's exit code of a container whose real one nobody knows. */
const UNKNOWN_EXIT_CODE = 255;

/** Docker's word for a state. What could not be started, or vanished, is "exited" there; its `dead` means a failed removal. */
export function dockerStatus(state: ContainerState): DockerStatus {
  switch (state.kind) {
    case "created":
      return "created";
    case "running":
      return state.paused ? "paused" : "running";
    case "exited":
    case "dead":
      return "exited";
    default:
      return state satisfies never;
  }
}

export function exitCodeOf(state: ContainerState): number {
  if (state.kind === "exited") return state.exit.code;
  return state.kind === "dead" ? UNKNOWN_EXIT_CODE : 0;
}

/** `State` of GET /containers/{id}/json. */
export function inspectState(state: ContainerState) {
  const status = dockerStatus(state);
  return {
    Status: status,
    Running: state.kind === "running",
    Paused: status === "paused",
    Restarting: false,
    OOMKilled: state.kind === "exited" && state.exit.kind === "out-of-memory",
    Dead: false,
    Pid: state.kind === "running" ? state.pid : 0,
    ExitCode: exitCodeOf(state),
    Error: state.kind === "dead" ? state.reason : "",
    StartedAt: state.kind === "running" || state.kind === "exited" ? state.startedAt : NEVER,
    FinishedAt: state.kind === "exited" || state.kind === "dead" ? state.finishedAt : NEVER,
  };
}

/** `Status` of the container list: "Up 3 minutes (Paused)", "Exited (0) 2 hours ago". */
export function statusText({ state }: Pick<ContainerInfo, "state">, now: Date): string {
  const since = (time: string) => humanDuration(Math.max(0, now.getTime() - Date.parse(time)));
  switch (state.kind) {
    case "created":
      return "Created";
    case "running":
      return `Up ${since(state.startedAt)}${state.paused ? " (Paused)" : ""}`;
    case "exited":
    case "dead":
      return `Exited (${exitCodeOf(state)}) ${since(state.finishedAt)} ago`;
    default:
      return state satisfies never;
  }
}
