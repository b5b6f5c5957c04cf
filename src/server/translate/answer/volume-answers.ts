import type { VolumeInfo } from "../../../engine/index.ts";

/** Docker marks volumes it named itself with this label. */
const ANONYMOUS_LABEL = "com.docker.volume.anonymous";

/** GET /volumes/{name}. */
export function volumeAnswer(volume: VolumeInfo) {
  const labels = { ...volume.labels, ...(volume.anonymous ? { [ANONYMOUS_LABEL]: "" } : {}) };
  return {
    CreatedAt: volume.createdAt,
    Driver: "local",
    Labels: Object.keys(labels).length > 0 ? labels : null,
    Mountpoint: volume.mountpoint,
    Name: volume.name,
    Options: null,
    Scope: "local",
  };
}
