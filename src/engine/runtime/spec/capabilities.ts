import { CAPABILITY_NAMES, type CapabilityName, DOCKER_CAPABILITIES, isCapabilityName } from "../../../oci/index.ts";
import { RbuildError } from "../../../system/index.ts";
import type { SpecCapabilities } from "./runtime-spec.ts";

export interface CapabilityRequest {
  readonly capAdd?: readonly string[];
  readonly capDrop?: readonly string[];
  readonly privileged?: boolean;
}

/**
 * What a container is given, sorted: the default set plus `capAdd` minus `capDrop`, all of them when privileged, cut to what the host has.
 * @throws RbuildError `container.unknown-capability`
 */
export function resolveCapabilities(
  request: CapabilityRequest,
  host: ReadonlySet<CapabilityName>,
): { readonly granted: readonly CapabilityName[]; readonly warnings: readonly string[] } {
  const add = (request.capAdd ?? []).map(parseCapability);
  const drop = (request.capDrop ?? []).map(parseCapability);
  const wanted = request.privileged ? [...CAPABILITY_NAMES] : combine(add, drop);
  const missing = wanted.filter((name) => !host.has(name)).sort();
  return {
    granted: wanted.filter((name) => host.has(name)).sort(),
    warnings: missing.length === 0 ? [] : [`this host cannot give the ${missing.length === 1 ? "capability" : "capabilities"} ${missing.join(", ")}`],
  };
}

function combine(add: readonly (CapabilityName | "ALL")[], drop: readonly (CapabilityName | "ALL")[]): CapabilityName[] {
  const named = (list: readonly (CapabilityName | "ALL")[]) => list.filter((name) => name !== "ALL");
  if (add.includes("ALL")) return CAPABILITY_NAMES.filter((name) => !drop.includes(name));
  if (drop.includes("ALL")) return [...new Set(named(add))];
  return [...new Set([...DOCKER_CAPABILITIES, ...named(add)])].filter((name) => !drop.includes(name));
}

export function parseCapability(text: string): CapabilityName | "ALL" {
  const name = text.toUpperCase().replace(/^CAP_/, "");
  if (name === "ALL" || isCapabilityName(name)) return name;
  throw new RbuildError("container.unknown-capability", `there is no capability ${JSON.stringify(text)}`, {
    category: "invalid",
    hint: "see capabilities(7) for their names",
    details: { capability: text },
  });
}

/** The sets of the process. For users other than root what execve(2) would leave: only the bounding set. */
export function capabilitySets(granted: readonly string[], uid: number): SpecCapabilities {
  const bounding = granted.map((name) => `CAP_${name}`);
  return uid === 0 ? { bounding, effective: bounding, permitted: bounding } : { bounding, effective: [], permitted: [] };
}
