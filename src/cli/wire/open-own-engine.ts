import { type Engine, openEngine } from "../../engine/index.ts";
import type { EnginePlaces } from "../engine-places.ts";

/** The embedded engine for this process alone, which is root's. */
export function openOwnEngine(places: EnginePlaces, lifetime: "session" | "service"): Promise<Engine> {
  return openEngine({ root: places.root, lifetime, ...(places.runRoot === undefined ? {} : { runRoot: places.runRoot }) });
}
