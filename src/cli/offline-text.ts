import type { OfflineDiagnosis, OfflineNeed } from "../rbuild/doctor/index.ts";
import { byteText } from "../rbuild/pool/byte-text.ts";
import { textTable } from "./text-table.ts";

/** What is missing to work without network, for people: a line per image. `--json` has every file. */
export function offlineLines({ images, packages, bytes, isAble, fix }: OfflineDiagnosis): string[] {
  const fixes = [...(fix === undefined ? [] : [fix]), ...images.flatMap((image) => (image.kind === "unlocked" && image.fix ? [image.fix] : []))];
  return [
    ...textTable(images.map((image) => [image.name, needText(image)])),
    "",
    isAble ? "nothing is missing to build without network" : `missing to build without network: ${packages} packages, ${byteText(bytes)} (${bytes} bytes)`,
    ...fixes.map((command) => `to mend it: ${command}`),
  ];
}

function needText(need: OfflineNeed): string {
  switch (need.kind) {
    case "present":
      return "the pinned image is in the engine";
    case "buildable":
      return `can be built: all ${need.packages} packages (${byteText(need.bytes)}) are in the pool`;
    case "missing":
      return `${need.items.length} packages are missing (${byteText(need.bytes)})`;
    case "unlocked":
      return need.reason;
    default:
      return need satisfies never;
  }
}
