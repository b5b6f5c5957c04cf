import type { Answer } from "../../http/answer.ts";
import type { Route } from "../../http/router.ts";

/** `Builder-Version: 1` is the classic builder: the one that POST /build is. */
const HEADERS = { "Builder-Version": "1", Swarm: "inactive", "Cache-Control": "no-cache, no-store, must-revalidate", Pragma: "no-cache" };

const pong = (): Answer => ({ kind: "text", value: "OK", headers: HEADERS });

export const PING_ROUTES: readonly Route[] = [
  { method: "GET", path: "/_ping", handle: pong },
  { method: "HEAD", path: "/_ping", handle: () => ({ kind: "text", value: "", headers: HEADERS }) },
];
