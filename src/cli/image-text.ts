import { differenceFrom } from "../rbuild/images/pin/pin-refusal.ts";
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
  const rows = listings.map((listing) =>
    listing.verdict === "broken"
      ? [listing.name, "", `cannot be used [${listing.code}]`, ""]
      : [listing.name, listing.version, STATES[listing.verdict], listing.pin?.digest ?? ""],
  );
  return textTable([["NAME", "VERSION", "STATE", "PIN"], ...rows]);
}

/** What is not right about definitions, for stderr. */
export function brokenNotes(listings: readonly ImageListing[]): string[] {
  return listings.flatMap((listing) => (listing.verdict === "broken" ? [`${listing.message} [${listing.code}]`] : []));
}

export function verdictLine(verdict: PinVerdict & { readonly name: string }): string {
  const text = `${verdict.name}: ${STATES[verdict.kind]}`;
  switch (verdict.kind) {
    case "exact":
      return `${text} (${verdict.pin.digest})`;
    case "different":
      return `${text}: ${differentText(verdict)}`;
    case "absent":
      return `${text}; to mend it: rbuild image build ${verdict.name}`;
    case "unpinned":
      return `${text}; to mend it: rbuild image pin ${verdict.name}`;
    default:
      return verdict satisfies never;
  }
}

function differentText({ pin, found }: Extract<PinVerdict, { kind: "different" }>): string {
  const { wanted, got, mend } = differenceFrom(pin, found);
  return `wanted ${wanted}, found ${got}; ${mend ?? `to mend it: rbuild image build ${pin.name} --force`}`;
}

export function pruneLines({ images, bytes }: PruneReport, isDryRun: boolean): string[] {
  const verb = isDryRun ? "would remove" : "removed";
  const reasons = { "old-version": "an old version", nameless: "without a name" };
  return [
    ...images.map(({ image, why }) => `${verb} ${image}: ${reasons[why]}`),
    isDryRun ? `${formatBytes(bytes)} or more to free` : `${formatBytes(bytes)} freed`,
  ];
}
