import { availableParallelism, release, totalmem } from "node:os";
import { CAPABILITY_NAMES, hostPlatform } from "../oci/index.ts";
import { isRbuildError } from "../system/index.ts";
import type { ContainerContext } from "./containers/container-context.ts";
import type { EngineInfo } from "./engine.ts";
import { ENGINE_VERSION } from "./version.ts";

const USEFUL_CONTROLLERS = ["cpu", "cpuset", "devices", "freezer", "memory", "pids"];

export async function engineInfo(context: ContainerContext, id: string): Promise<EngineInfo> {
  const { cgroups, capabilities } = context.host;
  const warnings: string[] = [];
  const noteMissing = (error: unknown) => {
    if (!isRbuildError(error)) throw error;
    warnings.push(`${error.message}${error.hint ? `; ${error.hint}` : ""}`);
  };
  const runtime = await context.runtime().catch(noteMissing);
  try {
    context.monitor();
  } catch (error) {
    noteMissing(error);
  }
  const lacking = CAPABILITY_NAMES.filter((name) => !capabilities.has(name));
  if (lacking.length > 0) warnings.push(`containers cannot be given ${lacking.join(", ")}: this host does not have them`);
  const missing = USEFUL_CONTROLLERS.filter((name) => !cgroups.controllers.includes(name));
  if (missing.length > 0) warnings.push(`no limits by ${missing.join(", ")}: this host has no such cgroup controllers`);
  return {
    id,
    root: context.root,
    runRoot: context.runRoot,
    version: ENGINE_VERSION,
    runtime: { name: runtime?.name ?? "runc", path: runtime?.path ?? "", version: runtime?.version ?? "" },
    cgroup: { hierarchy: cgroups.hierarchy, controllers: cgroups.controllers },
    kernel: release(),
    architecture: hostPlatform().architecture,
    cpus: availableParallelism(),
    memory: totalmem(),
    warnings,
  };
}
