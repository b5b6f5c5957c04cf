import type { Builder } from "./build/builder.ts";
import type { Containers } from "./containers/container.ts";
import type { ContentStore } from "./content/content-store.ts";
import type { EventHub } from "./events.ts";
import type { ImageStore } from "./images/image.ts";
import type { Networks } from "./networks/network.ts";
import type { Snapshotter } from "./snapshots/snapshotter.ts";
import type { Volumes } from "./volumes/volume.ts";

export interface EngineOptions {
  /** Lasting state; default `/var/lib/rbuild/engine`. Its `image` folder is an OCI image layout. */
  readonly root?: string;
  /** State that ends with the boot: sockets, mounts of running containers; default `/run/rbuild`. */
  readonly runRoot?: string;
  /**
   * `session`: containers belong to this process; the next engine that opens the same root removes whatever is left of them.
   * `service`: containers stay when the process ends (`rbuild engine serve`).
   */
  readonly lifetime?: "session" | "service";
  /** Default: the quickest that is installed and works here. */
  readonly runtime?: "runc" | "crun";
}

export interface FsckReport {
  /** Counts of what was looked at: blobs, images, snapshots, containers, mounts. */
  readonly checked: Readonly<Record<string, number>>;
  /** One finding per broken object: which, what is wrong, the command that mends it. */
  readonly findings: readonly { readonly code: string; readonly object: string; readonly message: string; readonly hint: string }[];
}

export interface GcReport {
  readonly blobs: number;
  readonly snapshots: number;
  /** Bytes freed. */
  readonly bytes: number;
}

export interface EngineInfo {
  readonly id: string;
  readonly root: string;
  readonly runRoot: string;
  readonly version: string;
  readonly runtime: { readonly name: "runc" | "crun"; readonly path: string; readonly version: string };
  readonly cgroup: { readonly hierarchy: "v1" | "v2" | "hybrid" | "none"; readonly controllers: readonly string[] };
  readonly kernel: string;
  readonly architecture: string;
  readonly cpus: number;
  /** Bytes. */
  readonly memory: number;
  readonly warnings: readonly string[];
}

/** The embedded container engine. */
export interface Engine extends AsyncDisposable {
  readonly content: ContentStore;
  readonly images: ImageStore;
  readonly snapshots: Snapshotter;
  readonly containers: Containers;
  readonly networks: Networks;
  readonly volumes: Volumes;
  readonly builder: Builder;
  readonly events: EventHub;
  info(): Promise<EngineInfo>;
  /** Removes blobs and snapshots that no image, container or lease needs. */
  collectGarbage(): Promise<GcReport>;
  /** Verifies everything in the store. Repairs nothing. */
  fsck(): Promise<FsckReport>;
}
