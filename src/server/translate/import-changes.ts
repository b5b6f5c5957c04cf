import type { ContainerDefaults } from "../../oci/index.ts";
import { parsePort, portText } from "./create/ports.ts";
import { invalidOption } from "./create/refusal.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Dockerfile instructions of `docker import --change` on a fresh image config: those that need no file system. */
export function applyChanges(config: ContainerDefaults, changes: readonly string[]): ContainerDefaults {
  const result: Mutable<ContainerDefaults> = { ...config };
  for (const change of changes) apply(result, change);
  return result;
}

function apply(config: Mutable<ContainerDefaults>, change: string): void {
  const [, instruction = "", rest = ""] = /^\s*([A-Za-z]+)\s+(.+?)\s*$/s.exec(change) ?? [];
  switch (instruction.toUpperCase()) {
    case "CMD":
      config.Cmd = commandOf(rest);
      return;
    case "ENTRYPOINT":
      config.Entrypoint = commandOf(rest);
      return;
    case "ENV":
      config.Env = [...(config.Env ?? []), ...pairs(rest, change)];
      return;
    case "LABEL":
      config.Labels = { ...config.Labels, ...Object.fromEntries(pairs(rest, change).map((pair) => splitPair(pair))) };
      return;
    case "EXPOSE":
      config.ExposedPorts = { ...config.ExposedPorts, ...Object.fromEntries(rest.split(/\s+/).map((port) => [portText(parsePort(port)), {}])) };
      return;
    case "VOLUME":
      config.Volumes = { ...config.Volumes, ...Object.fromEntries((jsonWords(rest) ?? rest.split(/\s+/)).map((path) => [path, {}])) };
      return;
    case "USER":
      config.User = rest;
      return;
    case "WORKDIR":
      config.WorkingDir = rest;
      return;
    case "STOPSIGNAL":
      config.StopSignal = rest;
      return;
    default:
      throw invalidOption("change", change, "CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, STOPSIGNAL, USER, VOLUME and WORKDIR can be changed at import");
  }
}

/** The JSON form as it is, the shell form through the shell. */
const commandOf = (text: string) => jsonWords(text) ?? ["/bin/sh", "-c", text];

function jsonWords(text: string): string[] | undefined {
  if (!text.startsWith("[")) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) && value.every((word) => typeof word === "string") ? value : undefined;
  } catch {
    return undefined;
  }
}

/** `KEY=value KEY2="two words"`, or the old `KEY value`. */
function pairs(text: string, change: string): string[] {
  if (!/^[^\s=]+=/.test(text)) {
    const [, key, value] = /^(\S+)\s+(.*)$/s.exec(text) ?? [];
    if (key === undefined) throw invalidOption("change", change, "it is not KEY=value");
    return [`${key}=${value}`];
  }
  const words = text.match(/(?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'\\])+/gs) ?? [];
  return words.map((word) => {
    if (!word.includes("=")) throw invalidOption("change", change, `${JSON.stringify(word)} is not KEY=value`);
    return word.replace(
      /"((?:\\.|[^"\\])*)"|'([^']*)'|\\(.)/gs,
      (_all, double?: string, single?: string, escaped?: string) => double?.replace(/\\(["\\$])/g, "$1") ?? single ?? escaped ?? "",
    );
  });
}

const splitPair = (pair: string): [string, string] => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)];
