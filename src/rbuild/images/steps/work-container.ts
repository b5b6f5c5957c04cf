import type Docker from "dockerode";

/** Label of everything that only a running build needs. */
export const WORK_LABEL = "rbuild.work";

/** Removes a container with its anonymous volumes; one that is gone is fine. */
export async function removeContainer(container: Docker.Container): Promise<void> {
  await container.remove({ force: true, v: true }).catch((error: unknown) => {
    if ((error as { statusCode?: number }).statusCode !== 404) throw error;
  });
}
