import { readFile } from "node:fs/promises";
import { type CapabilityName, capabilitiesOfStatus } from "../../../oci/index.ts";
import type { Capability } from "../config/capabilities.ts";

/** What `wanted` loses on a host whose bounding set lacks some: asking for more than the host has fails the start. */
export function cutToBoundingSet(
  wanted: readonly Capability[],
  boundingSet: readonly CapabilityName[],
): { readonly granted: Capability[]; readonly missing: Capability[] } {
  const has = (capability: Capability) => boundingSet.includes(capability);
  return { granted: wanted.filter(has), missing: wanted.filter((capability) => !has(capability)) };
}

/** This process's. */
export async function readBoundingSet(): Promise<readonly CapabilityName[]> {
  return capabilitiesOfStatus(await readFile("/proc/self/status", "utf8"), "CapBnd");
}
