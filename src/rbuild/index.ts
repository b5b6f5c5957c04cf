export type * from "./container-host/container-host.ts";
export type * from "./events.ts";
export type * from "./images/image-operations.ts";
export type * from "./iso/iso.ts";
