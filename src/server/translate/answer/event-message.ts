import type { EngineEvent } from "../../../engine/index.ts";

// JSON numbers may be larger than a double is exact for; the nanoseconds are.
const exact = (value: bigint): unknown => (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(value.toString());

/** One line of GET /events. */
export function eventMessage(event: EngineEvent) {
  const legacy = event.kind === "container" || event.kind === "image" ? { status: event.action, id: event.id } : {};
  const from = event.kind === "container" && event.attributes["image"] !== undefined ? { from: event.attributes["image"] } : {};
  return {
    ...legacy,
    ...from,
    Type: event.kind,
    Action: event.action,
    Actor: { ID: event.id, Attributes: event.attributes },
    scope: "local",
    time: Number(event.timeNano / 1_000_000_000n),
    timeNano: exact(event.timeNano),
  };
}
