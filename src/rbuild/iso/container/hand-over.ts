import { RbuildError } from "../../../system/index.ts";
import { runContainer } from "../../container-host/container.ts";
import type { ContainerHost } from "../../container-host/container-host.ts";
import { type ContainerPlan, containerOptions } from "./build-container.ts";
import { CONTAINER } from "./paths.ts";

/**
 * Gives what a build wrote to /output to this process's user. Needed where the container's root is the host's and rbuild
 * is not: with a Docker daemon, as a member of its group. Does nothing for root.
 */
export async function handOver(host: ContainerHost, plan: Omit<ContainerPlan, "role" | "command" | "capabilities" | "devices" | "network">): Promise<void> {
  const [uid, gid] = [process.geteuid?.() ?? 0, process.getegid?.() ?? 0];
  if (uid === 0) return;
  const command = ["/bin/sh", "-ec", `chown -R ${uid}:${gid} ${CONTAINER.output}; chmod -R u+rwX ${CONTAINER.output}`];
  const options = containerOptions({ ...plan, role: "hand-over", command, capabilities: ["CHOWN", "DAC_OVERRIDE", "FOWNER"], devices: [], network: "none" });
  const { exit, stderr } = await runContainer(host, options, { maxOutput: 64 * 1024 });
  if (exit.code === 0) return;
  throw new RbuildError("iso.not-handed-over", `the artifacts still belong to root: ${stderr.trim().slice(-500)}`, {
    hint: "sudo rbuild iso",
    details: { exitCode: exit.code },
  });
}
