import { Agent as HttpAgent } from "node:http";
import type { Agent as HttpsAgent } from "node:https";
import got, { type Got } from "got";
import type { FetchLimits } from "./fetch-limits.ts";
import { TrustingAgent } from "./trusted-authorities.ts";

/** Whether a client goes where an answer sends it. */
export type MayFollow = (from: URL, to: URL) => boolean;

const MAX_REDIRECTS = 5;

/** Connections that are kept and used again. Bodies come as they are sent, errors of HTTP are answers, nothing is asked twice. */
export interface Connections extends Disposable {
  client(proxy?: string): Got;
}

/** @param mayFollow default: wherever redirects lead, five at most in a row */
export function openConnections(limits: FetchLimits, mayFollow: MayFollow = () => true): Connections {
  const agents = new Map<string, { readonly http: HttpAgent; readonly https: HttpsAgent }>();
  const client = got.extend({
    decompress: false,
    throwHttpErrors: false,
    retry: { limit: 0 },
    maxRedirects: MAX_REDIRECTS,
    followRedirect: ({ url, headers: { location = "" } }) => URL.canParse(location, url) && mayFollow(new URL(url), new URL(location, url)),
    headers: { "accept-encoding": "identity", "user-agent": "rbuild" },
    timeout: { lookup: limits.connect, connect: limits.connect, secureConnect: limits.connect, response: limits.response, socket: limits.idle },
  });
  return {
    client: (proxy) => client.extend({ agent: agentsFor(proxy) }),
    [Symbol.dispose]() {
      for (const { http, https } of agents.values()) {
        http.destroy();
        https.destroy();
      }
    },
  };

  function agentsFor(proxy = "") {
    const known = agents.get(proxy);
    if (known) return known;
    const options = { keepAlive: true, ...(proxy === "" ? {} : { proxyEnv: { HTTP_PROXY: proxy, HTTPS_PROXY: proxy } }) };
    const made = { http: new HttpAgent(options), https: new TrustingAgent(options) };
    agents.set(proxy, made);
    return made;
  }
}
