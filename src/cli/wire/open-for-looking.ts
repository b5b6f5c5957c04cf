import type Docker from "dockerode";
import { isRbuildError } from "../../system/errors.ts";
import { enginePlaces } from "../engine-places.ts";
import type { Session } from "../session.ts";
import { hostAddress, wire } from "./wire.ts";

/** A container host where there is one to be had, for commands that change nothing and have something to say without it. */
export interface LookedAt extends AsyncDisposable {
  readonly docker: Docker | undefined;
  readonly stateDirectory: string;
  /** Why there is none, for people. */
  readonly notes: readonly string[];
}

export async function openForLooking(session: Pick<Session, "globals" | "settings">): Promise<LookedAt> {
  try {
    const { docker, stateDirectory, [Symbol.asyncDispose]: dispose } = await wire(session);
    return { docker, stateDirectory, notes: [], [Symbol.asyncDispose]: dispose };
  } catch (error) {
    if (!isRbuildError(error)) throw error;
    // With the embedded engine it is root's state that counts.
    const isRoot = hostAddress(session) === undefined ? true : undefined;
    const { state } = enginePlaces(session.globals, session.settings, process.env, isRoot);
    const mended = error.hint === undefined ? "" : `; to mend it: ${error.hint}`;
    return { docker: undefined, stateDirectory: state, notes: [`the engine was not asked: ${error.message}${mended}`], async [Symbol.asyncDispose]() {} };
  }
}
