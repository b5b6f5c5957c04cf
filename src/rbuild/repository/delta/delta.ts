export { applyDelta } from "./apply-delta.ts";
export { chooseRoutes, REQUEST_COST, type Route } from "./choose-route.ts";
export type { BlobFile, DeltaFile } from "./delta-files.ts";
export { makeDelta } from "./make-delta.ts";
export { MAX_DELTA_BLOB, memoryForDeltas, memoryToApply } from "./memory.ts";
