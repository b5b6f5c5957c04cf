import type { Flag } from "../parse/ast.ts";
import type { InstructionReader } from "./reader.ts";

/** `RUN --mount`: what is there during the step and not in its layer. */
export type RunMount =
  | { readonly type: "tmpfs"; readonly target: string }
  /** Kept from build to build under its id. */
  | { readonly type: "cache"; readonly target: string; readonly id: string; readonly readOnly: boolean };

const KEYS: Readonly<Record<RunMount["type"], readonly string[]>> = { tmpfs: ["target"], cache: ["target", "id", "readonly", "sharing"] };
const ALIASES: Readonly<Record<string, string>> = { dst: "target", destination: "target", ro: "readonly" };

export function readRunMount(reader: InstructionReader, flag: Flag): RunMount {
  const options = new Map<string, string>();
  for (const part of (flag.value ?? "").split(",")) {
    const equals = part.indexOf("=");
    const key = equals === -1 ? part : part.slice(0, equals);
    options.set(ALIASES[key] ?? key, equals === -1 ? "true" : part.slice(equals + 1));
  }
  const type = options.get("type") ?? "bind";
  if (type !== "tmpfs" && type !== "cache") throw reader.error(`RUN --mount=type=${type} is not supported here; tmpfs and cache are`, flag);
  const unknown = [...options.keys()].find((key) => key !== "type" && !KEYS[type].includes(key));
  if (unknown !== undefined) throw reader.error(`RUN --mount=type=${type} has no option ${JSON.stringify(unknown)} here`, flag);
  const target = options.get("target");
  if (!target) throw reader.error("RUN --mount needs target=", flag);
  if (type === "tmpfs") return { type, target };
  return { type, target, id: options.get("id") ?? target, readOnly: options.get("readonly") === "true" };
}
