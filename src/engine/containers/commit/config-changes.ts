import type { ContainerDefaults } from "../../../oci/index.ts";
import { RbuildError } from "../../../system/index.ts";
import { mergeEnvironment } from "../create/process-defaults.ts";

/**
 * Applies Dockerfile instructions to an image's config, those that change nothing else: CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, ONBUILD,
 * STOPSIGNAL, USER, VOLUME, WORKDIR. @throws RbuildError `container.bad-change`
 */
export function applyChanges(config: ContainerDefaults, changes: readonly string[]): ContainerDefaults {
  return changes.reduce(applyChange, config);
}

function applyChange(config: ContainerDefaults, change: string): ContainerDefaults {
  const match = /^\s*([A-Za-z]+)\s+(.*?)\s*$/s.exec(change);
  const [keyword, text] = [match?.[1]?.toUpperCase() ?? "", match?.[2] ?? ""];
  switch (keyword) {
    case "CMD":
      return { ...config, Cmd: commandOf(text) };
    case "ENTRYPOINT":
      return { ...config, Entrypoint: commandOf(text) };
    case "ENV":
      return { ...config, Env: mergeEnvironment(config.Env ?? [], pairsOf(text, change)) };
    case "EXPOSE":
      return { ...config, ExposedPorts: { ...config.ExposedPorts, ...keysOf(text.split(/\s+/).map((port) => (port.includes("/") ? port : `${port}/tcp`))) } };
    case "LABEL":
      return { ...config, Labels: { ...config.Labels, ...Object.fromEntries(pairsOf(text, change).map(splitPair)) } };
    case "ONBUILD":
      return { ...config, OnBuild: [...(config.OnBuild ?? []), text] };
    case "STOPSIGNAL":
      return { ...config, StopSignal: text };
    case "USER":
      return { ...config, User: text };
    case "VOLUME":
      return { ...config, Volumes: { ...config.Volumes, ...keysOf(jsonStrings(text) ?? wordsOf(text)) } };
    case "WORKDIR":
      return { ...config, WorkingDir: text.startsWith("/") ? text : `${config.WorkingDir ?? ""}/${text}` };
    default:
      throw new RbuildError("container.bad-change", `${JSON.stringify(change.slice(0, 200))} is not an instruction that a commit can apply`, {
        category: "invalid",
      });
  }
}

const keysOf = (names: readonly string[]): Record<string, Record<string, never>> => Object.fromEntries(names.map((name) => [name, {}]));

/** `["a", "b"]` as it is; anything else for the shell. */
const commandOf = (text: string): string[] => jsonStrings(text) ?? ["/bin/sh", "-c", text];

function jsonStrings(text: string): string[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) && value.every((item) => typeof item === "string") ? value : undefined;
  } catch {
    return undefined;
  }
}

/** `key=value …`, or the old `key the rest is the value`. */
function pairsOf(text: string, change: string): string[] {
  const words = wordsOf(text);
  if (words[0]?.includes("=")) {
    if (words.every((word) => /^[^=]+=/.test(word))) return words;
    throw new RbuildError("container.bad-change", `${JSON.stringify(change.slice(0, 200))} has a word that is not key=value`, { category: "invalid" });
  }
  const [, key = "", value = ""] = /^(\S+)\s*(.*)$/s.exec(text) ?? [];
  return [`${key}=${value}`];
}

function splitPair(pair: string): [string, string] {
  const at = pair.indexOf("=");
  return [pair.slice(0, at), pair.slice(at + 1)];
}

/** Words with the shell's quotes and backslashes taken away. */
function wordsOf(text: string): string[] {
  const words: string[] = [];
  for (const [raw] of text.matchAll(/(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+/gs)) {
    words.push(
      raw.replace(
        /\\(.)|"((?:[^"\\]|\\.)*)"|'([^']*)'/gs,
        (_, escaped?: string, double?: string, single?: string) => escaped ?? double?.replace(/\\(.)/gs, "$1") ?? single ?? "",
      ),
    );
  }
  return words;
}
