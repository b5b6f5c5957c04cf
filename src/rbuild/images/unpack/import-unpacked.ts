import { withStep } from "../../../make-runner/index.ts";
import type { DebianArchitecture } from "../../lock/image-lock.ts";
import type { Pool } from "../../pool/pool.ts";
import { importRootfs } from "../assemble/import-rootfs.ts";
import { type BuildWorkspace, workImage } from "../build-workspace.ts";
import { essentialClosure } from "../packages/install-order.ts";
import type { ReadPackage } from "../packages/read-packages.ts";
import { textFile } from "../steps/step-container.ts";
import { unpackOrder } from "./unpack-order.ts";
import { type BroughtPaths, unpackPackages } from "./unpack-packages.ts";
import { STATUS_FILE, unpackedDatabase } from "./unpacked-database.ts";

export interface ImportOptions {
  /** The image's. */
  readonly name: string;
  readonly architecture: DebianArchitecture;
  /** Seconds since 1970. */
  readonly sourceDateEpoch: number;
  /** Every package is unpacked and stays so; otherwise the essential ones, for dpkg to install. */
  readonly isExtract: boolean;
}

/**
 * Makes an image of the engine's that has nothing but unpacked packages.
 * @returns its reference, which ends with the workspace
 */
export async function importUnpacked(
  packages: readonly ReadPackage[],
  pool: Pick<Pool, "read">,
  options: ImportOptions,
  workspace: BuildWorkspace,
): Promise<string> {
  const { host, report, parentStep, signal } = workspace;
  const { name, isExtract } = options;
  const reference = workImage(workspace, `${name}-unpacked`);
  await withStep(report, { name: "image.unpack", subject: name, ...(parentStep === undefined ? {} : { parent: parentStep }) }, async (step) => {
    const all = packages.map(({ facts }) => facts);
    const chosen = unpackOrder(isExtract ? all : essentialClosure(all));
    const total = chosen.reduce((sum, { locked }) => sum + locked.size, 0);
    let done = 0;
    const unpacked = (facts: (typeof chosen)[number]) => step.progress((done += facts.locked.size), "bytes", total);
    const after = (brought: BroughtPaths) => (isExtract ? unpackedDatabase(withPaths(packages, brought), "") : [textFile(STATUS_FILE, "")]);
    const members = unpackPackages(chosen, pool, { ...options, after, unpacked, ...(signal === undefined ? {} : { signal }) });
    await importRootfs(host, members, reference);
  });
  return reference;
}

export const withPaths = (packages: readonly ReadPackage[], brought: BroughtPaths) =>
  packages.map((each) => ({ ...each, paths: brought.get(each.facts) ?? [] }));
