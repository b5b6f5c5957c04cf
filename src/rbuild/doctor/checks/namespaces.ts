import type { Check, HostCheck } from "../check.ts";
import { probe } from "./probe.ts";
import { notTriedInChroot } from "./root-mount.ts";

export const checkNamespaces: HostCheck = async ({ isRoot }) => [await containerNamespaces(isRoot), await userNamespaces()];

async function containerNamespaces(isRoot: boolean): Promise<Check> {
  const base = { id: "kernel.namespaces", needed: "mount, pid, network, ipc, uts and cgroup namespaces", why: "separates containers from the host" };
  if (!isRoot) return { ...base, status: "warn", found: "not tried: only root may make them", fix: "sudo rbuild doctor" };
  const notTried = await notTriedInChroot(base);
  if (notTried) return notTried;
  const result = await probe("exec unshare --mount --pid --net --ipc --uts --cgroup --fork true");
  if (result.kind === "works") return { ...base, status: "ok", found: "all of them" };
  return { ...base, status: "fail", found: result.reason, fix: "use a kernel with namespaces, outside of a container that may not make them" };
}

async function userNamespaces(): Promise<Check> {
  const base = { id: "kernel.user-namespaces", needed: "user namespaces", why: "containers without root (not needed by root)" };
  const result = await probe("exec unshare --user --map-root-user true");
  if (result.kind === "works") return { ...base, status: "ok", found: "available" };
  return { ...base, status: "warn", found: result.reason, fix: "sysctl -w user.max_user_namespaces=15000 kernel.unprivileged_userns_clone=1" };
}
