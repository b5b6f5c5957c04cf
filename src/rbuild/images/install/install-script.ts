import { STEP_DIRECTORY } from "../normalise/engine-rules.ts";
import { essentialClosure, installBatches } from "../packages/install-order.ts";
import type { PackageFacts } from "../packages/package-facts.ts";

/** Where the packages lie in the container. */
export const DEBS_DIRECTORY = `${STEP_DIRECTORY}/debs`;
/** Programs that answer in the place of a package's own while packages are installed. */
export const ANSWERS_DIRECTORY = `${STEP_DIRECTORY}/answers`;
export const debName = ({ locked }: PackageFacts): string => `${locked.name}_${locked.architecture}.deb`;

/** Before the line that ends a script whose dpkg left something undone. */
export const AUDIT_MARK = "rbuild:not-installed";

/**
 * What the image's own dpkg runs. A first level is a tree whose essential packages are unpacked and unknown to dpkg: those come first, all at once,
 * because they need each other. The others are unpacked and configured as their pre-dependencies want it. Disks need not be waited for.
 */
export function installScript(packages: readonly PackageFacts[], options: { readonly isFirst: boolean; readonly sourceDateEpoch: number }): string {
  const essential = new Set(options.isFirst ? essentialClosure(packages) : []);
  const files = (some: readonly PackageFacts[]) => some.map(debName).join(" ");
  const names = (some: readonly PackageFacts[]) => some.map(({ name }) => name).join(" ");
  const lines = installBatches(packages.filter((facts) => !essential.has(facts))).flatMap(({ unpack, configure }) => [
    `dpkg --force-unsafe-io --no-triggers --unpack ${files(unpack)}`,
    ...(configure.length > 0 ? [`dpkg --force-unsafe-io --no-triggers --configure ${names(configure)}`] : []),
  ]);
  return [
    `export SOURCE_DATE_EPOCH=${options.sourceDateEpoch} DEBIAN_FRONTEND=noninteractive DEBCONF_NONINTERACTIVE_SEEN=true`,
    `export PATH=/${ANSWERS_DIRECTORY}:$PATH`,
    `cd /${DEBS_DIRECTORY}`,
    ...(essential.size > 0 ? [`dpkg --force-unsafe-io --force-depends --install ${files([...essential])}`] : []),
    ...lines,
    "dpkg --force-unsafe-io --configure --pending",
    `cd /; rm -r /${DEBS_DIRECTORY}`,
    `problems=$(dpkg --audit || :)\n[ -z "$problems" ] || { printf '%s\\n' "$problems" '${AUDIT_MARK}'; exit 1; }`,
    "",
  ].join("\n");
}
