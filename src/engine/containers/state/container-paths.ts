import { join } from "node:path";
import type { ContainerId } from "../container.ts";

/** Where the containers of one engine are. */
export interface ContainerRoots {
  /** Lasting state. */
  readonly root: string;
  /** State that ends with the boot. */
  readonly runRoot: string;
}

export interface ContainerPaths {
  readonly directory: string;
  /** Written by `create`; replaced only when it joins or leaves a network. */
  readonly record: string;
  /** Replaced at each transition. */
  readonly status: string;
  readonly hosts: string;
  readonly hostname: string;
  readonly resolvConf: string;
  readonly log: string;
  /** Taken alone for each transition. */
  readonly lock: string;
  /** The runtime's bundle, with the monitor's sockets. */
  readonly bundle: string;
  /** Where the snapshot is mounted. */
  readonly rootfs: string;
  /** Appears with the exit code when the first process has ended. */
  readonly exitFile: string;
}

export const containersDirectory = ({ root }: ContainerRoots): string => join(root, "containers");
export const namesDirectory = ({ root }: ContainerRoots): string => join(root, "container-names");
export const bundlesDirectory = ({ runRoot }: ContainerRoots): string => join(runRoot, "containers");
/** One for all containers, so that one watch sees every end. */
export const exitsDirectory = ({ runRoot }: ContainerRoots): string => join(runRoot, "exits");

export function containerPaths(roots: ContainerRoots, id: ContainerId): ContainerPaths {
  const directory = join(containersDirectory(roots), id);
  const bundle = join(bundlesDirectory(roots), id);
  return {
    directory,
    record: join(directory, "container.json"),
    status: join(directory, "status.json"),
    hosts: join(directory, "hosts"),
    hostname: join(directory, "hostname"),
    resolvConf: join(directory, "resolv.conf"),
    log: join(directory, "output.log"),
    lock: join(roots.root, "locks", "containers", `${id}.lock`),
    bundle,
    rootfs: join(bundle, "rootfs"),
    exitFile: join(exitsDirectory(roots), id),
  };
}
