import type { Written } from "./instruction.ts";
import type { InstructionReader } from "./reader.ts";

/** Docker's image-spec extension `config.Healthcheck`; times in nanoseconds. */
export interface Healthcheck {
  readonly Test: string[];
  readonly Interval?: number;
  readonly Timeout?: number;
  readonly StartPeriod?: number;
  readonly StartInterval?: number;
  readonly Retries?: number;
}

export interface HealthcheckInstruction extends Written {
  readonly kind: "healthcheck";
  readonly healthcheck: Healthcheck;
}

const TIMES = { interval: "Interval", timeout: "Timeout", "start-period": "StartPeriod", "start-interval": "StartInterval" } as const;
const NANOSECONDS: Readonly<Record<string, number>> = { h: 3_600_000_000_000, m: 60_000_000_000, s: 1_000_000_000, ms: 1_000_000, us: 1000, µs: 1000, ns: 1 };

export function readHealthcheck(reader: InstructionReader): HealthcheckInstruction {
  const flags = reader.flags([...Object.keys(TIMES), "retries"]);
  const [kind = ""] = reader.node.rest.split(/\s/, 1);
  const command = reader.node.rest.slice(kind.length).trim();
  if (kind.toUpperCase() === "NONE") {
    if (command !== "" || flags.size > 0) throw reader.error("HEALTHCHECK NONE takes nothing more");
    return { kind: "healthcheck", ...reader.written, healthcheck: { Test: ["NONE"] } };
  }
  if (kind.toUpperCase() !== "CMD" || command === "") throw reader.error("HEALTHCHECK needs NONE, or CMD and a command");
  const times: Record<string, number> = {};
  for (const [flag, field] of Object.entries(TIMES)) {
    const value = reader.value(flags, flag);
    if (value !== undefined) times[field] = duration(reader, flag, value);
  }
  const retries = reader.value(flags, "retries");
  if (retries !== undefined && !/^\d{1,9}$/.test(retries)) throw reader.error("--retries is a number", flags.get("retries"));
  return {
    kind: "healthcheck",
    ...reader.written,
    healthcheck: { Test: testOf(command), ...times, ...(retries === undefined ? {} : { Retries: Number(retries) }) },
  };
}

function testOf(command: string): string[] {
  try {
    const value: unknown = JSON.parse(command);
    if (Array.isArray(value) && value.every((item): item is string => typeof item === "string")) return ["CMD", ...value];
  } catch {}
  return ["CMD-SHELL", command];
}

/** Go's notation: `1h30m`, `500ms`. */
function duration(reader: InstructionReader, flag: string, text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s|us|µs|ns)/g)];
  if (text !== "0" && (parts.length === 0 || parts.map(([part]) => part).join("") !== text)) throw reader.error(`--${flag} is a time such as 30s or 1m30s`);
  const total = parts.reduce((sum, [, count, unit]) => sum + Number(count) * (NANOSECONDS[unit ?? ""] ?? 0), 0);
  if (!Number.isSafeInteger(Math.round(total))) throw reader.error(`--${flag} is longer than can be`);
  return Math.round(total);
}
