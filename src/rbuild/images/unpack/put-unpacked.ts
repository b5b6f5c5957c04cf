import type { DebianArchitecture } from "../../lock/image-lock.ts";
import { essentialClosure } from "../packages/install-order.ts";
import type { PlainPackage } from "../packages/read-packages.ts";
import type { Tree } from "../rootfs/tree.ts";
import { type StepContainer, textFile } from "../steps/step-container.ts";
import { unpackOrder } from "./unpack-order.ts";
import { unpackPackages } from "./unpack-packages.ts";
import { STATUS_FILE, unpackedDatabase } from "./unpacked-database.ts";

export interface PutOptions {
  readonly architecture: DebianArchitecture;
  /** Of directories that no package brings. Seconds since 1970. */
  readonly sourceDateEpoch: number;
  readonly signal?: AbortSignal;
}

/** Puts packages unpacked on top of what a container has, dpkg's notes of them too; nothing of them runs. @param below the container's tree */
export async function putUnpacked(packages: readonly PlainPackage[], container: StepContainer, below: Tree, options: PutOptions): Promise<void> {
  if (packages.length === 0) return;
  const status = (await container.read(`/${STATUS_FILE}`))?.toString("utf8") ?? "";
  await container.put(unpackPackages(unpackOrder(packages), { ...options, below, after: (brought) => unpackedDatabase(packages, brought, status) }));
}

/** Puts the files of the essential packages into an empty container, so that its dpkg can run; it knows of none of them. */
export async function putEssential(packages: readonly PlainPackage[], container: StepContainer, options: PutOptions): Promise<void> {
  const essential = new Set(essentialClosure(packages.map(({ facts }) => facts)));
  const chosen = packages.filter(({ facts }) => essential.has(facts));
  await container.put(unpackPackages(unpackOrder(chosen), { ...options, after: () => [textFile(STATUS_FILE, "")] }));
}
