import type { ImageDefinition } from "../../definition/schema.ts";
import { DEFAULT_VARIANT, VARIANT_PRIORITIES } from "../../definition/variant.ts";
import type { DebianArchitecture } from "../../lock/image-lock.ts";
import type { PackageFacts } from "../packages/package-facts.ts";
import { PackageSet } from "../packages/package-set.ts";
import { isInContainer } from "../steps/read-container-file.ts";
import { type StepContainer, textFile } from "../steps/step-container.ts";
import { EXTENDED_STATES, extendedStates } from "./extended-states.ts";

/**
 * Tells the image's APT which packages came only because others need them, so that it can take them away with those. What was asked for, by
 * name or by variant, and what nothing needs stays.
 * @param below names of the packages that the image below has: their state is known
 */
export async function markAutomatic(
  packages: readonly PackageFacts[],
  below: ReadonlySet<string>,
  definition: Pick<ImageDefinition, "from" | "variant" | "packages">,
  container: StepContainer,
  architecture: DebianArchitecture,
): Promise<void> {
  if (packages.length === 0 || !(await isInContainer(container.container, "/usr/bin/apt-get"))) return;
  const before = (await container.read(EXTENDED_STATES))?.toString("utf8") ?? "";
  const automatic = automaticPackages(packages, definition).filter((name) => !below.has(name));
  const text = extendedStates(before, automatic, architecture);
  if (text !== before) await container.put([textFile(EXTENDED_STATES, text)]);
}

export function automaticPackages(
  packages: readonly PackageFacts[],
  { from, variant = DEFAULT_VARIANT, packages: wanted = [] }: Pick<ImageDefinition, "from" | "variant" | "packages">,
): string[] {
  const set = new PackageSet(packages);
  const needed = new Set(packages.flatMap(({ preDepends, depends, recommends }) => [...set.targets([...preDepends, ...depends, ...recommends])]));
  const priorities = VARIANT_PRIORITIES[variant];
  const isOfVariant = ({ name, isEssential, priority }: PackageFacts) => from === undefined && (isEssential || name === "apt" || priorities.includes(priority));
  return packages.filter((facts) => needed.has(facts) && !wanted.includes(facts.name) && !isOfVariant(facts)).map(({ name }) => name);
}
