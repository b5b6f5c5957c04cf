import { withStep } from "../../../make-runner/index.ts";
import { RbuildError } from "../../../system/index.ts";
import type { Pool } from "../../pool/pool.ts";
import type { BuildWorkspace } from "../build-workspace.ts";
import type { ReadPackage } from "../packages/read-packages.ts";
import { isInContainer } from "../steps/read-container-file.ts";
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
  if (!(await isInContainer(container.container, "/usr/bin/apt-get"))) {
    throw new RbuildError("image.no-apt", `the image ${name} has no apt-get, with which its Dockerfile could install what is offered`, {
      category: "invalid",
      hint: `name the packages under packages: instead of offers: in image.yaml, or add apt there, then rbuild image lock ${name}`,
      details: { name },
    });
  }
  await withStep(report, { name: "image.build", subject: `${name} offers`, ...(parentStep === undefined ? {} : { parent: parentStep }) }, async (step) => {
    // Loaded late: signing is not needed by most builds.
    const { offerRepository } = await import("./offer-repository.ts");
    await container.put(offerRepository(packages, pool, sourceDateEpoch));
    await container.run({ script: "apt-get update\n", purpose: `offer packages to the Dockerfile of ${name}`, step });
  });
}
