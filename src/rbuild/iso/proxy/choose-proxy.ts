import { isIP } from "node:net";
import { RbuildError, redact } from "../../../system/index.ts";
import type { RbuildReport } from "../../events.ts";
import type { ProxyChoice } from "../iso.ts";

/** `none`, `link`, `link+URL` or a URL, as rbuild.yaml has it. */
export function parseProxyChoice(text: string): ProxyChoice {
  if (text === "none" || text === "link") return { kind: text };
  if (text.startsWith("link+")) return { kind: "link", upstream: text.slice("link+".length) };
  return { kind: "url", url: text };
}

export function proxyText(choice: ProxyChoice): string {
  if (choice.kind === "url") return redact(choice.url);
  return choice.kind === "link" && choice.upstream !== undefined ? `link+${redact(choice.upstream)}` : choice.kind;
}

/**
 * What the proxy choice comes to on this host.
 * @param hostProxy the proxy that the host's own APT uses
 * @throws RbuildError `proxy.on-loopback` for a chosen proxy that no container can reach
 */
export function resolveProxy(choice: ProxyChoice, hostProxy: string | undefined, report: RbuildReport): ProxyChoice {
  if (choice.kind === "none") return choice;
  const chosen = choice.kind === "url" ? choice.url : choice.upstream;
  if (chosen !== undefined) {
    if (isLoopback(chosen)) throw onLoopback(chosen);
    return choice;
  }
  if (hostProxy === undefined) return choice;
  if (!isLoopback(hostProxy)) return { kind: "link", upstream: hostProxy };
  report({ kind: "warning.raised", code: "proxy.on-loopback", message: onLoopback(hostProxy).message, hint: "the build goes without it" });
  return choice;
}

function isLoopback(url: string): boolean {
  const host = URL.canParse(url) ? new URL(url).hostname.replace(/^\[|\]$/g, "") : "";
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

function onLoopback(url: string): RbuildError {
  return new RbuildError("proxy.on-loopback", `the proxy ${redact(url)} listens on this host's loopback address, which no container can reach`, {
    category: "invalid",
    hint: "name it by an address of this host, or use --proxy link",
    details: { url: redact(url) },
  });
}
