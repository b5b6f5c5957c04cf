import type { ImageDefinition } from "../../definition/schema.ts";
import type { VerifiedSuite } from "../apt/verified-suite.ts";
import { DEFAULT_VARIANT } from "../wanted.ts";

type Variant = NonNullable<ImageDefinition["variant"]>;

/** Lines of an index by which a variant takes packages, as mmdebstrap(1) does; each has all of the one before. */
const PRIORITIES: Readonly<Record<Variant, readonly string[]>> = {
  extract: [],
  essential: [],
  apt: [],
  required: ["required"],
  minbase: ["required"],
  important: ["required", "important"],
  standard: ["required", "important", "standard"],
};
const WITHOUT_APT: readonly Variant[] = ["extract", "essential"];
/** Says that /usr is merged, which it is from the start, so that nothing brings the program (and with it perl) that would merge it. */
const USR_IS_MERGED = "usr-is-merged";

/** What an image without `from` has whatever it names: by the Essential and Priority fields of its first suite. */
export function variantPackages(variant: Variant = DEFAULT_VARIANT, suites: readonly VerifiedSuite[]): string[] {
  if (variant === "extract") return [];
  const first = suites[0]?.indexes ?? [];
  const lines = ["Essential: yes", ...PRIORITIES[variant].map((priority) => `Priority: ${priority}`)];
  const hasMerged = suites.some(({ indexes }) => indexes.some((index) => index.find(USR_IS_MERGED).length > 0));
  return [
    ...lines.flatMap((line) => first.flatMap((index) => index.withLine(line))),
    ...(WITHOUT_APT.includes(variant) ? [] : ["apt"]),
    ...(hasMerged ? [USR_IS_MERGED] : []),
  ];
}
