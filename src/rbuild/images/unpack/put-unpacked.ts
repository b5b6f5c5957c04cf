import { withStep } from "../../../make-runner/index.ts";
import type { Pool } from "../../pool/pool.ts";
import type { BuildWorkspace } from "../build-workspace.ts";
import type { ReadPackage } from "../packages/read-packages.ts";
import type { Tree } from "../rootfs/tree.ts";
import type { StepContainer } from "../steps/step-container.ts";
import { type ImportOptions, withPaths } from "./import-unpacked.ts";
import { unpackOrder } from "./unpack-order.ts";
import { type BroughtPaths, unpackPackages } from "./unpack-packages.ts";
import { STATUS_FILE, unpackedDatabase } from "./unpacked-database.ts";

/** Puts packages unpacked on top of what a container has; nothing of them runs. @param below the container's tree */
export async function putUnpacked(
  packages: readonly ReadPackage[],
  container: StepContainer,
  below: Tree,
  pool: Pick<Pool, "read">,
  { name, architecture, sourceDateEpoch }: Omit<ImportOptions, "isExtract">,
  { report, parentStep, signal }: BuildWorkspace,
): Promise<void> {
  if (packages.length === 0) return;
  await withStep(report, { name: "image.unpack", subject: name, ...(parentStep === undefined ? {} : { parent: parentStep }) }, async (step) => {
    const status = (await container.read(`/${STATUS_FILE}`))?.toString("utf8") ?? "";
    let done = 0;
    const unpacked = () => step.progress(++done, "items", packages.length);
    const after = (brought: BroughtPaths) => unpackedDatabase(withPaths(packages, brought), status);
    const order = unpackOrder(packages.map(({ facts }) => facts));
    const options = { architecture, sourceDateEpoch, below, after, unpacked };
    await container.put(unpackPackages(order, pool, signal === undefined ? options : { ...options, signal }));
  });
}
