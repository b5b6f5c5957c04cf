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

/** In the environment of a command that was started anew in a user namespace. */
export const ROOTLESS = "RBUILD_ROOTLESS";

export const isRootless = (environment: Readonly<Record<string, string | undefined>> = process.env): boolean => environment[ROOTLESS] !== undefined;

const DEFAULT_ROOT = "/var/lib/rbuild/engine";

/**
 * An option wins over a setting. With an engine root of one's own the product's state goes along. Without root all is in the user's directories
 * by the XDG Base Directory Specification.
 */
export function enginePlaces(
  globals: Pick<GlobalOptions, "engineRoot" | "runRoot">,
  settings: Pick<Settings, "engineRoot" | "runRoot">,
  environment: Readonly<Record<string, string | undefined>> = process.env,
  isRoot: boolean = process.getuid?.() === 0,
): EnginePlaces {
  const given = globals.engineRoot ?? settings.engineRoot;
  const isOwn = isRootless(environment);
  const personal = (variable: string, ...folders: string[]) => join(environment[variable] || join(environment["HOME"] || homedir(), ...folders), "rbuild");
  const root = given ?? (isOwn ? join(personal("XDG_DATA_HOME", ".local", "share"), "engine") : DEFAULT_ROOT);
  const state = given !== undefined ? join(given, "state") : isRoot && !isOwn ? "/var/lib/rbuild/state" : personal("XDG_STATE_HOME", ".local", "state");
  return { root, runRoot: globals.runRoot ?? settings.runRoot ?? (isOwn ? join(root, "run") : undefined), state };
}
