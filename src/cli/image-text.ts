import type { PruneReport } from "../rbuild/images/prune-images.ts";
import type { ImageListing, PinVerdict } from "../rbuild/index.ts";
import { formatBytes } from "../ui/index.ts";
import { textTable } from "./text-table.ts";

/** What is said about images, for people. */

const STATES = { exact: "the pinned one", absent: "not in the engine", different: "NOT the pinned one", unpinned: "no pin" } as const satisfies Readonly<
  Record<PinVerdict["kind"], string>
>;

/** A table with a heading; nothing but the heading when there are no images. */
export function listingLines(listings: readonly ImageListing[]): string[] {
  const rows = [["NAME", "VERSION", "STATE", "PIN"], ...listings.map(({ name, version, verdict, pin }) => [name, version, STATES[verdict], pin?.digest ?? ""])];
  return textTable(rows);
}

export function verdictLine(verdict: PinVerdict & { readonly name: string }): string {
  const text = `${verdict.name}: ${STATES[verdict.kind]}`;
  switch (verdict.kind) {
    case "exact":
      return `${text} (${verdict.pin.digest})`;
    case "different":
      return `${text}: wanted ${verdict.pin.imageId}, found ${verdict.found.imageId}; to mend it: rbuild image build ${verdict.name} --force`;
    case "absent":
      return `${text}; to mend it: rbuild image build ${verdict.name}`;
    case "unpinned":
      return `${text}; to mend it: rbuild image pin ${verdict.name}`;
    default:
      return verdict satisfies never;
  }
}

export function pruneLines({ images, bytes }: PruneReport, isDryRun: boolean): string[] {
  const verb = isDryRun ? "would remove" : "removed";
  const reasons = { "old-version": "an old version", nameless: "without a name" };
  return [
    ...images.map(({ image, why }) => `${verb} ${image}: ${reasons[why]}`),
    isDryRun ? `${formatBytes(bytes)} or more to free` : `${formatBytes(bytes)} freed`,
  ];
}
