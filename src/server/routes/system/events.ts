import type { EngineEvent } from "../../../engine/index.ts";
import { anyOf, type Filters, readFilters } from "../../http/filters.ts";
import type { Handler, Route } from "../../http/router.ts";
import { eventMessage } from "../../translate/answer/event-message.ts";

const FILTERS = ["config", "container", "daemon", "event", "image", "label", "network", "node", "plugin", "scope", "secret", "service", "type", "volume"];

const getEvents: Handler = ({ query, signal }, { events, clock }) => {
  const filters = readFilters(query, FILTERS);
  const [since, until] = [query.timestamp("since"), query.timestamp("until")];
  const now = clock.now().getTime() / 1000;
  const stop = new AbortController();
  // Only `until` makes an answer that ends by itself; without `since` nothing of the past is told.
  const wanted = AbortSignal.any([signal, stop.signal]);
  const source = events.follow(since === undefined ? undefined : nanoseconds(since), wanted);
  if (until !== undefined) {
    const timer = setTimeout(() => stop.abort(), Math.min(Math.max(0, (until - now) * 1000), 0x7fffffff));
    wanted.addEventListener("abort", () => clearTimeout(timer), { once: true });
  }
  return { kind: "json-lines", values: messages(source, filters, until), flush: true };
};

const nanoseconds = (seconds: number) => BigInt(Math.round(seconds * 1e6)) * 1000n;

async function* messages(source: AsyncIterable<EngineEvent>, filters: Filters, until: number | undefined): AsyncGenerator {
  const last = until === undefined ? undefined : nanoseconds(until);
  for await (const event of source) {
    if (last !== undefined && event.timeNano > last) return;
    if (passes(event, filters)) yield eventMessage(event);
  }
}

function passes(event: EngineEvent, filters: Filters): boolean {
  const { attributes } = event;
  const isObject = (kind: EngineEvent["kind"], name: string | undefined) => (value: string) =>
    (event.kind === kind && (event.id === value || event.id.startsWith(value) || name === value)) || attributes[kind] === value;
  return (
    anyOf(filters, "type", (value) => value === event.kind) &&
    // `exec_start: echo hi` is found as exec_start.
    anyOf(filters, "event", (value) => event.action === value || event.action.split(":")[0] === value) &&
    anyOf(filters, "container", isObject("container", attributes["name"])) &&
    anyOf(filters, "image", (value) => isImage(event, value)) &&
    anyOf(filters, "network", isObject("network", attributes["name"])) &&
    anyOf(filters, "volume", isObject("volume", event.id)) &&
    anyOf(filters, "scope", (value) => value === "local") &&
    (filters.get("label") ?? []).every((label) => hasLabel(attributes, label)) &&
    ["config", "node", "plugin", "secret", "service"].every((name) => !filters.has(name))
  );
}

function isImage(event: EngineEvent, value: string): boolean {
  const names = event.kind === "image" ? [event.id, event.attributes["name"]] : [event.attributes["image"]];
  return names.some((name) => name !== undefined && (name === value || name.replace(/:[^:/]*$/, "") === value));
}

function hasLabel(attributes: Readonly<Record<string, string>>, label: string): boolean {
  const at = label.indexOf("=");
  return at === -1 ? attributes[label] !== undefined : attributes[label.slice(0, at)] === label.slice(at + 1);
}

export const EVENT_ROUTES: readonly Route[] = [{ method: "GET", path: "/events", handle: getEvents }];
