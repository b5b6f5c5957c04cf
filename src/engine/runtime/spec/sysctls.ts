import { RbuildError } from "../../../system/index.ts";

/** Prefixes that a namespace of the container holds, so that setting them does not change the host. */
const NAMESPACED: readonly { readonly pattern: RegExp; readonly namespace: "ipc" | "network" }[] = [
  { pattern: /^kernel\.(msgmax|msgmnb|msgmni|sem|shmall|shmmax|shmmni|shm_rmid_forced)$/, namespace: "ipc" },
  { pattern: /^fs\.mqueue\./, namespace: "ipc" },
  { pattern: /^net\./, namespace: "network" },
];

/** @throws RbuildError `container.sysctl-not-namespaced` */
export function checkSysctls(sysctls: Readonly<Record<string, string>>, network: "host" | "namespace"): Readonly<Record<string, string>> {
  for (const name of Object.keys(sysctls)) {
    const found = NAMESPACED.find(({ pattern }) => pattern.test(name));
    if (!found || (found.namespace === "network" && network === "host")) {
      throw new RbuildError("container.sysctl-not-namespaced", `the kernel setting ${name} would change the host, not the container alone`, {
        category: "refused",
        details: { name },
      });
    }
  }
  return sysctls;
}
