export type * from "./build/builder.ts";
export type * from "./containers/container.ts";
export type { BlobInfo, ByteStream, ContentStore, ExpectedBlob } from "./content/content-store.ts";
export type * from "./engine.ts";
export type * from "./events.ts";
export type * from "./images/image.ts";
export type * from "./networks/network.ts";
export type { SnapshotKey, Snapshotter } from "./snapshots/snapshotter.ts";
export type * from "./volumes/volume.ts";
