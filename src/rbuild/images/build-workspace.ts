import { mkdir, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { StepId } from "../../make-runner/index.ts";
import { digestHex, digestOf } from "../../oci/index.ts";
import { lock, tryLock } from "../../system/index.ts";
import type { ContainerHost } from "../container-host/container-host.ts";
import type { RbuildReport } from "../events.ts";
import type { ImageDependencies } from "./image-operations.ts";
import { removeContainer, WORK_LABEL } from "./steps/work-container.ts";

/** What the parts of one build share. */
export interface BuildWorkspace {
  readonly host: ContainerHost;
  readonly report: RbuildReport;
  /** For files that end with the build. */
  readonly directory: string;
  /** Label value of containers and name part of images that end with the build. */
  readonly work: string;
  readonly parentStep?: StepId;
  readonly signal?: AbortSignal;
}

/**
 * Builds of one state directory happen one after the other. What a killed one has left (files, containers, images) goes first;
 * what this one leaves goes when it is disposed.
 */
export async function openWorkspace(
  { containerHost: host, report, stateDirectory }: ImageDependencies,
  options: { readonly signal?: AbortSignal },
): Promise<BuildWorkspace & AsyncDisposable> {
  await using cleanUp = new AsyncDisposableStack();
  const root = resolve(stateDirectory, "images");
  const path = join(root, "lock");
  let held = await tryLock(path);
  if (!held) {
    report({ kind: "warning.raised", code: "image.waiting", message: "another rbuild builds images now; waiting for it" });
    held = await lock(path, options);
  }
  cleanUp.use(held);
  const directory = join(root, "work");
  const work = `work-${digestHex(digestOf(root)).slice(0, 12)}`;
  const sweep = async () => {
    await removeWorkContainers(host, work);
    await removeWorkImages(host, work);
    await rm(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  };
  await sweep();
  await mkdir(directory, { recursive: true, mode: 0o755 });
  cleanUp.defer(sweep);
  const kept = cleanUp.move();
  return { host, report, directory, work, ...options, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** Name of an image that only the running build needs. */
export const workImage = (workspace: Pick<BuildWorkspace, "work">, purpose: string): string => `rbuild/${workspace.work}:${purpose}`;

async function removeWorkContainers(host: ContainerHost, work: string): Promise<void> {
  const containers = await host.listContainers({ all: true, filters: { label: [`${WORK_LABEL}=${work}`] } });
  for (const { Id } of containers) await removeContainer(host.getContainer(Id));
}

async function removeWorkImages(host: ContainerHost, work: string): Promise<void> {
  const images = await host.listImages({ filters: { reference: [`rbuild/${work}`] } });
  for (const tag of images.flatMap(({ RepoTags }) => RepoTags ?? []).filter((name) => name.startsWith(`rbuild/${work}:`))) {
    await host.getImage(tag).remove({ force: true });
  }
}
