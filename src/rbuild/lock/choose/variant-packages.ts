import { DEFAULT_VARIANT, VARIANT_PRIORITIES, type Variant } from "../../definition/variant.ts";
import type { VerifiedSuite } from "../apt/verified-suite.ts";

const WITHOUT_APT: readonly Variant[] = ["extract", "essential"];
/** Says that /usr is merged, which it is from the start, so that nothing brings the program (and with it perl) that would merge it. */
const USR_IS_MERGED = "usr-is-merged";

/** What an image without `from` has whatever it names: by the Essential and Priority fields of its first suite. */
export function variantPackages(variant: Variant = DEFAULT_VARIANT, suites: readonly VerifiedSuite[]): string[] {
  if (variant === "extract") return [];
  const first = suites[0]?.indexes ?? [];
  const lines = ["Essential: yes", ...VARIANT_PRIORITIES[variant].map((priority) => `Priority: ${priority}`)];
  const hasMerged = suites.some(({ indexes }) => indexes.some((index) => index.find(USR_IS_MERGED).length > 0));
  return [
    ...lines.flatMap((line) => first.flatMap((index) => index.withLine(line))),
    ...(WITHOUT_APT.includes(variant) ? [] : ["apt"]),
    ...(hasMerged ? [USR_IS_MERGED] : []),
  ];
}
