import { cleanLine } from "./format/index.ts";
import type { Reporter, Sink } from "./reporter.ts";

/** Says nothing but warnings. */
export function createQuietReporter(sink: Sink): Reporter {
  return {
    report(event) {
      if (event.kind === "warning.raised") sink.write(`rbuild: warning: ${cleanLine(event.message)} [${event.code}]\n`);
    },
    stopping() {},
    async close() {},
  };
}
