export { applyDelta } from "./apply-delta.ts";
export {
  type ApplyDeltaOptions,
  type BlobFile,
  type DeltaFile,
  type DeltaProgress,
  MAX_DELTA_BLOB,
  type MakeDeltaOptions,
  memoryToApply,
} from "./delta-files.ts";
export { makeDelta } from "./make-delta.ts";
