import { constants } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { openPath } from "../../../system/kernel/open-in-root.ts";
import { BUNDLE } from "../../runtime/monitor/conmon.ts";
import { capabilitySets, resolveCapabilities } from "../../runtime/spec/capabilities.ts";
import type { RuntimeSpec, SpecProcess } from "../../runtime/spec/runtime-spec.ts";
import type { ExecSpec } from "../container.ts";
import type { ContainerContext } from "../container-context.ts";
import { mergeEnvironment } from "../create/process-defaults.ts";
import { resolveUser } from "../rootfs/resolve-user.ts";
import type { ContainerRecord } from "../state/container-record.ts";

/** The runtime-spec `process` of one more process: the container's own, with what the caller says in its place. */
export async function execProcess(context: ContainerContext, record: ContainerRecord, pid: number, spec: ExecSpec): Promise<SpecProcess> {
  const paths = context.store.paths(record.id);
  const { process } = JSON.parse(await readFile(join(paths.bundle, BUNDLE.config), "utf8")) as RuntimeSpec;
  // the container's own view, so that a user made since is found
  using root = openPath(`/proc/${pid}/root`, constants.O_RDONLY | constants.O_DIRECTORY);
  const user = resolveUser(root, spec.user || record.process.user, spec.user ? [] : record.spec.groupAdd);
  const security = spec.privileged ? { privileged: true } : (record.spec.security ?? {});
  const { granted } = resolveCapabilities(security, context.host.capabilities);
  const env = [...process.env.filter((entry) => !spec.user || !entry.startsWith("HOME=")), ...(spec.tty ? ["TERM=xterm"] : [])];
  return {
    ...process,
    terminal: spec.tty ?? false,
    args: spec.command,
    env: mergeEnvironment(spec.user ? [`HOME=${user.home}`] : [], mergeEnvironment(env, spec.env ?? []), spec.env ?? []),
    cwd: spec.workingDir || process.cwd,
    user: { uid: user.uid, gid: user.gid, additionalGids: user.additionalGids },
    capabilities: capabilitySets(granted, user.uid),
  };
}
