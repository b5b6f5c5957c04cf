import type { Engine } from "../engine/index.ts";
import type { Clock } from "../system/index.ts";
import type { EventLog } from "./streams/event-log.ts";

/** What the routes have to work with. */
export interface ServerContext {
  readonly engine: Engine;
  readonly events: EventLog;
  readonly clock: Clock;
  /** The engine's version, for headers. */
  readonly version: string;
  /** Which streams each exec was created with; the engine does not keep it. */
  readonly execStreams: Map<string, ExecStreams>;
}

export interface ExecStreams {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
  /** Empty: Docker's own. */
  readonly detachKeys: string;
}
