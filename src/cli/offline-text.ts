import type { OfflineDiagnosis, OfflineNeed } from "../rbuild/doctor/index.ts";
import { byteText } from "../rbuild/pool/byte-text.ts";
import { counted } from "../system/counted.ts";
import { textTable } from "./text-table.ts";

/** What is missing to work without network, for people: a line per image, and one for the tree. `--json` has every file. */
export function offlineLines({ images, tree, packages, bytes, isAble, fixes }: OfflineDiagnosis): string[] {
  return [
    ...textTable([...images, ...(tree ? [tree] : [])].map((need) => [need.name, needText(need)])),
    "",
    isAble
      ? "nothing is missing to build without network"
      : `missing to build without network: ${counted(packages, "package")}, ${byteText(bytes)} (${bytes} bytes)`,
    ...fixes.map((command) => `to mend it: ${command}`),
  ];
}

function needText(need: OfflineNeed): string {
  switch (need.kind) {
    case "present":
      return "the pinned image is in the engine";
    case "fetchable":
      return `can be fetched from ${need.source} (${byteText(need.bytes)})`;
    case "buildable":
      return `can be built: ${counted(need.packages, "package")} (${byteText(need.bytes)}), all in the pool`;
    case "missing":
      return `${counted(need.items.length, "package is missing", "packages are missing")} (${byteText(need.bytes)})`;
    case "broken":
      return `cannot be used: ${need.reason.replaceAll("\n", "; ")} [${need.code}]`;
    case "unlocked":
      return need.reason;
    default:
      return need satisfies never;
  }
}
