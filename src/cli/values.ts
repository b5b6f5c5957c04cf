import type { ProxyChoice } from "../rbuild/index.ts";
import { RbuildError } from "../system/errors.ts";
import { redact } from "../system/redaction.ts";

/** The texts people give options, settings and variables, each parsed once. All throw RbuildError `cli.invalid-value`. */

export type UiChoice = "live" | "plain";

export function parseProxy(text: string): ProxyChoice {
  if (text === "none" || text === "link") return { kind: text };
  const url = parseHttpUrl(text, "none, link, or an http or https URL");
  return { kind: "url", url };
}

export function parseUi(text: string): UiChoice {
  if (text === "live" || text === "plain") return text;
  throw invalid(text, "live or plain");
}

/** An http or https URL as it was given, without closing slashes. */
export function parseHttpUrl(text: string, wanted = "an http or https URL"): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || /\s/.test(text)) throw invalid(text, wanted);
  return text.replace(/\/+$/, "");
}

function invalid(text: string, wanted: string): RbuildError {
  return new RbuildError("cli.invalid-value", `${JSON.stringify(redact(text))} is not ${wanted}`, { category: "invalid" });
}
