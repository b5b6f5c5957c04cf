import { withStep } from "../../../make-runner/index.ts";
import type { Pool } from "../../pool/pool.ts";
import type { BuildWorkspace } from "../build-workspace.ts";
import type { ReadPackage } from "../packages/read-packages.ts";
import type { StepContainer } from "../steps/step-container.ts";

/** Puts packages before the APT of a container, so that a Dockerfile on top of it can install them. */
export async function offerPackages(
  name: string,
  packages: readonly ReadPackage[],
  container: StepContainer,
  pool: Pick<Pool, "read">,
  sourceDateEpoch: number,
  { report, parentStep }: BuildWorkspace,
): Promise<void> {
  if (packages.length === 0) return;
  await withStep(report, { name: "image.build", subject: `${name} offers`, ...(parentStep === undefined ? {} : { parent: parentStep }) }, async (step) => {
    // Loaded late: signing is not needed by most builds.
    const { offerRepository } = await import("./offer-repository.ts");
    await container.put(offerRepository(packages, pool, sourceDateEpoch));
    await container.run({ script: "apt-get update\n", purpose: `offer packages to the Dockerfile of ${name}`, step });
  });
}
