import { homedir } from "node:os";
import { join } from "node:path";
import type { GlobalOptions } from "./global-options.ts";
import type { Settings } from "./settings/settings.ts";

/** Where the embedded engine and the product keep things. */
export interface EnginePlaces {
  /** The engine's, for what lasts. */
  readonly root: string;
  /** The engine's, for what ends with the boot. Undefined: the engine chooses. */
  readonly runRoot: string | undefined;
  /** The product's: locks, kept builds, built archives. */
  readonly state: string;
}

const DEFAULT_ROOT = "/var/lib/rbuild/engine";

/** An option wins over a setting. With an engine root of one's own the product's state goes along. */
export function enginePlaces(
  globals: Pick<GlobalOptions, "engineRoot" | "runRoot">,
  settings: Pick<Settings, "engineRoot" | "runRoot">,
  environment: Readonly<Record<string, string | undefined>> = process.env,
  isRoot: boolean = process.getuid?.() === 0,
): EnginePlaces {
  const given = globals.engineRoot ?? settings.engineRoot;
  const root = given ?? DEFAULT_ROOT;
  const personal = join(environment["XDG_STATE_HOME"] || join(environment["HOME"] || homedir(), ".local", "state"), "rbuild");
  const state = given !== undefined ? join(given, "state") : isRoot ? "/var/lib/rbuild/state" : personal;
  return { root, runRoot: globals.runRoot ?? settings.runRoot, state };
}
