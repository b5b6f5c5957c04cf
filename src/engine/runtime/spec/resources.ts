import { RbuildError } from "../../../system/index.ts";
import type { ContainerResources } from "../../containers/container.ts";
import type { CgroupSupport } from "../host/cgroups.ts";
import type { SpecDeviceRule, SpecResources } from "./runtime-spec.ts";

/** Numbers of a device rule as the kernel's own `b 7:* rwm`. */
const DEVICE_RULE = /^([abc]) (\d+|\*):(\d+|\*) ([rwm]{1,3})$/;

/**
 * Limits as the runtime takes them. What this host's controllers cannot limit is left out with a warning.
 * @throws RbuildError `container.bad-device-rule`
 */
export function resolveResources(
  request: ContainerResources,
  cgroups: CgroupSupport,
  deviceRules: readonly SpecDeviceRule[],
): { readonly resources: SpecResources; readonly warnings: readonly string[] } {
  const warnings: string[] = [];
  const given = (controller: string, asked: unknown, what: string): boolean => {
    if (asked === undefined) return false;
    if (cgroups.controllers.includes(controller)) return true;
    warnings.push(`${what} is not limited: this host has no ${controller} controller`);
    return false;
  };
  const memory = given("memory", request.memory, "memory") ? request.memory : undefined;
  const resources: SpecResources = {
    devices: [{ allow: false, access: "rwm" }, ...(request.deviceCgroupRules ?? []).map(parseDeviceRule), ...deviceRules],
    ...(memory === undefined || memory <= 0 ? {} : { memory: { limit: memory, ...swapLimit(memory, request.memorySwap, cgroups, warnings) } }),
    ...cpuLimits(request, given),
    ...(given("pids", request.pidsLimit, "the number of processes") && request.pidsLimit !== undefined && request.pidsLimit > 0
      ? { pids: { limit: request.pidsLimit } }
      : {}),
  };
  return { resources, warnings };
}

/** Memory plus swap; twice the memory when nothing is said, as Docker does. */
function swapLimit(memory: number, asked: number | undefined, cgroups: CgroupSupport, warnings: string[]): { swap?: number } {
  if (cgroups.swapLimit) return { swap: asked === undefined || asked === 0 ? memory * 2 : asked };
  if (asked !== undefined && asked !== 0) warnings.push("swap is not limited: this host does not account for it");
  return {};
}

function cpuLimits(request: ContainerResources, given: (controller: string, asked: unknown, what: string) => boolean): Pick<SpecResources, "cpu"> {
  const cpu = {
    ...(given("cpu", request.cpuShares, "the share of the CPU") && request.cpuShares ? { shares: request.cpuShares } : {}),
    ...(given("cpu", request.cpuQuota, "CPU time") && request.cpuQuota ? { quota: request.cpuQuota } : {}),
    ...(given("cpu", request.cpuPeriod, "CPU time") && request.cpuPeriod ? { period: request.cpuPeriod } : {}),
    ...(given("cpuset", request.cpusetCpus, "the set of CPUs") && request.cpusetCpus ? { cpus: request.cpusetCpus } : {}),
  };
  return Object.keys(cpu).length === 0 ? {} : { cpu };
}

function parseDeviceRule(rule: string): SpecDeviceRule {
  const match = DEVICE_RULE.exec(rule);
  if (!match) {
    throw new RbuildError("container.bad-device-rule", `${JSON.stringify(rule)} is not a device rule such as "b 7:* rwm"`, { category: "invalid" });
  }
  // Left out, a number stands for all of them: runtime-spec, config-linux.md; crun does not understand -1.
  const number = (key: "major" | "minor", word: string | undefined) => (word === undefined || word === "*" ? {} : { [key]: Number(word) });
  return { allow: true, type: match[1] as "a" | "b" | "c", ...number("major", match[2]), ...number("minor", match[3]), access: match[4] ?? "" };
}
