import type Docker from "dockerode";
import { ifThere } from "../../container-host/host-error.ts";

/** Label of everything that only a running build needs. */
export const WORK_LABEL = "rbuild.work";

/** Removes a container with its anonymous volumes; one that is gone is fine. */
export async function removeContainer(container: Docker.Container): Promise<void> {
  await ifThere(container.remove({ force: true, v: true }));
}
