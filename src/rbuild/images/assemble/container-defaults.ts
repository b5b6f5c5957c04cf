import type { ContainerDefaults } from "../../../oci/index.ts";
import type { ImageDefinition } from "../../definition/schema.ts";
import { WORK_LABEL } from "../steps/work-container.ts";

type InspectedConfig = Readonly<Record<string, unknown>>;

/** The `Config` of an inspected image in one form, whichever engine tells it: nothing empty, everything without an order of its own sorted. */
export function readDefaults(config: InspectedConfig): ContainerDefaults {
  const strings = (key: string) => (Array.isArray(config[key]) ? (config[key] as unknown[]).map(String) : []);
  const text = (key: string) => (typeof config[key] === "string" ? config[key] : "");
  const keys = (key: string) => Object.keys((config[key] as object | null | undefined) ?? {}).sort();
  const labels = Object.entries((config["Labels"] as Record<string, string> | null | undefined) ?? {}).filter(([key]) => key !== WORK_LABEL);
  // What a step's own container was started with.
  const [user, directory] = [text("User"), text("WorkingDir")];
  return compact({
    User: user === "0:0" ? "" : user,
    ExposedPorts: setOf(keys("ExposedPorts")),
    Env: strings("Env").sort(byBytes),
    Entrypoint: strings("Entrypoint"),
    Cmd: strings("Cmd"),
    Volumes: setOf(keys("Volumes")),
    WorkingDir: directory === "/" ? "" : directory,
    Labels: Object.fromEntries(labels),
    StopSignal: text("StopSignal"),
    Shell: strings("Shell"),
  });
}

/** What a definition says goes over what its Dockerfile or its parent say. Another entry point takes an inherited command away. */
export function applyDefinition(inherited: ContainerDefaults, definition: ImageDefinition, labels: Readonly<Record<string, string>>): ContainerDefaults {
  const env = new Map((inherited.Env ?? []).map((pair) => [pair.slice(0, pair.indexOf("=")), pair]));
  if (definition.locale !== undefined) env.set("LANG", `LANG=${definition.locale}`);
  for (const [name, value] of Object.entries(definition.environment ?? {})) env.set(name, `${name}=${value}`);
  const inheritedCommand = definition.entrypoint === undefined ? inherited.Cmd : undefined;
  return compact({
    ...inherited,
    User: definition.user ?? inherited.User ?? "",
    ExposedPorts: setOf([...Object.keys(inherited.ExposedPorts ?? {}), ...(definition.exposedPorts ?? [])]),
    Env: [...env.values()].sort(byBytes),
    Entrypoint: definition.entrypoint ?? inherited.Entrypoint ?? [],
    Cmd: definition.command ?? inheritedCommand ?? [],
    Volumes: setOf([...Object.keys(inherited.Volumes ?? {}), ...(definition.volumes ?? [])]),
    WorkingDir: definition.workingDirectory ?? inherited.WorkingDir ?? "",
    Labels: { ...inherited.Labels, ...labels },
  });
}

const setOf = (keys: readonly string[]): Record<string, Record<string, never>> => Object.fromEntries(keys.map((key) => [key, {}]));
const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

/** Leaves out members that are empty: engines differ in how they say nothing. */
function compact(defaults: ContainerDefaults): ContainerDefaults {
  return Object.fromEntries(
    Object.entries(defaults).filter(
      ([, value]) => value !== undefined && value !== null && (typeof value === "string" ? value !== "" : Object.keys(value).length > 0),
    ),
  );
}
