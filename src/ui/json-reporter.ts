import type { RbuildEvent } from "../rbuild/index.ts";
import type { Reporter, Sink } from "./reporter.ts";

/** The last line of a command's output in JSON; docs/cli.md has its schema. */
export type JsonEnding =
  | { readonly kind: "result"; readonly command: string; readonly exitCode: number; readonly data: unknown }
  | {
      readonly kind: "error";
      readonly command: string;
      readonly exitCode: number;
      readonly code: string;
      readonly category: string;
      readonly message: string;
      readonly hint?: string;
      readonly details: Readonly<Record<string, unknown>>;
      readonly causes: readonly string[];
    };

/** One event, result or error as a line of JSON that begins with its time (RFC 3339). */
export function writeJsonLine(sink: Sink, line: RbuildEvent | JsonEnding, time: Date): void {
  sink.write(`${JSON.stringify({ time: time.toISOString(), ...line })}\n`);
}

/** Every event as it is, one per line. */
export function createJsonReporter(sink: Sink, now: () => Date): Reporter {
  return {
    report: (event) => writeJsonLine(sink, event, now()),
    stopping() {},
    async close() {},
  };
}
