import type { Check, CheckContext, HostCheck } from "./check.ts";
import { checkCapabilities } from "./checks/capabilities.ts";
import { checkCgroups } from "./checks/cgroups.ts";
import { checkHost } from "./checks/host.ts";
import { checkLimits } from "./checks/limits.ts";
import { checkMirror } from "./checks/mirror.ts";
import { checkNamespaces } from "./checks/namespaces.ts";
import { checkNetworking } from "./checks/networking.ts";
import { checkOverlayfs } from "./checks/overlayfs.ts";
import { checkRootMount } from "./checks/root-mount.ts";
import { checkSpace } from "./checks/space.ts";
import { checkSubordinateIds } from "./checks/subordinate-ids.ts";
import { checkTools, toolId } from "./checks/tools.ts";
import { HOST_TOOLS } from "./host-tools.ts";
import type { Job } from "./jobs.ts";

/** What the doctor found for a job. */
export interface Diagnosis {
  readonly job: Job;
  /** False when anything fails. */
  readonly isAble: boolean;
  readonly checks: readonly Check[];
  /** Packages that bring what is missing or too old; of several that would do, all, best first. */
  readonly packages: readonly (readonly string[])[];
}

const CHECKS: readonly HostCheck[] = [
  checkHost,
  checkTools,
  checkRootMount,
  checkNamespaces,
  checkOverlayfs,
  checkNetworking,
  checkCgroups,
  checkCapabilities,
  checkLimits,
  checkSpace,
  checkMirror,
  checkSubordinateIds,
];

/** Looks at everything the job needs of this host. */
export async function diagnose(options: Omit<CheckContext, "isRoot">): Promise<Diagnosis> {
  const context: CheckContext = { ...options, isRoot: process.getuid?.() === 0 };
  const checks: Check[] = [];
  for (const check of CHECKS) {
    options.signal?.throwIfAborted();
    checks.push(...(await check(context)));
  }
  const lacking = new Set(checks.filter((check) => check.status !== "ok" && check.fix !== undefined).map((check) => check.id));
  const packages = HOST_TOOLS.filter((tool) => lacking.has(toolId(tool))).map((tool) => tool.packages);
  return { job: options.job, isAble: checks.every((check) => check.status !== "fail"), checks, packages };
}
