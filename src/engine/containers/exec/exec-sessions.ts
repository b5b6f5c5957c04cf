import type { ContainerId, ExecInfo, ExecSpec } from "../container.ts";

export interface ExecSession {
  readonly id: string;
  readonly containerId: ContainerId;
  readonly spec: ExecSpec;
  state:
    | { readonly kind: "created" }
    | { readonly kind: "starting" }
    | { readonly kind: "running"; readonly pid: number }
    | { readonly kind: "ended"; readonly exitCode: number };
  /** Where the monitor of a process with a terminal is told its size. */
  bundle?: string;
}

/** Sessions that ended are remembered so that their exit code can be asked for. */
const MAX_ENDED = 1000;

/** Further processes in containers, of this engine process alone. */
export class ExecSessions {
  readonly #sessions = new Map<string, ExecSession>();

  add(session: ExecSession): void {
    const ended = [...this.#sessions.values()].filter(({ state }) => state.kind === "ended");
    for (const { id } of ended.slice(0, Math.max(0, ended.length - MAX_ENDED))) this.#sessions.delete(id);
    this.#sessions.set(session.id, session);
  }

  find(id: string): ExecSession | undefined {
    return this.#sessions.get(id);
  }

  idsOf(containerId: ContainerId): readonly string[] {
    return [...this.#sessions.values()].filter((session) => session.containerId === containerId && session.state.kind !== "ended").map(({ id }) => id);
  }

  forgetContainer(containerId: ContainerId): void {
    for (const session of this.#sessions.values())
      if (session.containerId === containerId && session.state.kind !== "running") this.#sessions.delete(session.id);
  }
}

export function execInfo({ id, containerId, spec, state }: ExecSession): ExecInfo {
  return {
    id,
    containerId,
    spec,
    running: state.kind === "running",
    ...(state.kind === "running" ? { pid: state.pid } : {}),
    ...(state.kind === "ended" ? { exitCode: state.exitCode } : {}),
  };
}
