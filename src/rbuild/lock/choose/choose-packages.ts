import { RbuildError } from "../../../system/index.ts";
import type { ImageDefinition } from "../../definition/schema.ts";
import type { AptWorkspace } from "../apt/apt-workspace.ts";
import { installedStatus, type PackageFiles } from "../apt/installed-status.ts";
import { type Solution, type SolveRequest, solve } from "../apt/solve.ts";
import { findPackage, type VerifiedSuite } from "../apt/verified-suite.ts";
import type { LockedPackage } from "../image-lock.ts";
import { onTopOf, type PackageSet, packageSet, sorted } from "./package-set.ts";
import { variantPackages } from "./variant-packages.ts";

/** What is chosen for one architecture; both in the order of locks, and no package in both. */
export interface Choice {
  readonly packages: readonly LockedPackage[];
  readonly offers: readonly LockedPackage[];
}

export interface ChoiceRequest {
  readonly definition: ImageDefinition;
  readonly workspace: AptWorkspace;
  readonly suites: readonly VerifiedSuite[];
  /** Packages of the images below, and which of these has one. */
  readonly below: PackageSet;
  readonly ownerBelow: (name: string) => string;
  readonly files: PackageFiles;
  /** What is locked, and which packages of it are to move. Without it all are chosen anew. */
  readonly update?: { readonly current: Choice; readonly names: readonly string[] };
}

/**
 * Lets APT choose: first what is installed, on top of the images below, then what is offered on top of that.
 * @throws RbuildError `lock.no-such-package`, `lock.unsatisfiable`, `lock.unknown-package`, `lock.index-incomplete`
 */
export async function choosePackages(request: ChoiceRequest): Promise<Choice> {
  const { definition, suites, below, update } = request;
  const { name: image } = definition;
  const held = update && { packages: onTopOf(update.current.packages, below), offers: onTopOf(update.current.offers, below) };
  const isOf = (list: readonly LockedPackage[], name: string): boolean => list.some((entry) => entry.name === name);

  const firstNames = update
    ? update.names.filter((name) => isOf(held?.packages ?? [], name))
    : [...(definition.from === undefined ? variantPackages(definition.variant, suites) : []), ...(definition.packages ?? [])];
  const packages = packageSet(
    held?.packages ?? [],
    await solveOn(request, packageSet(below.values(), held?.packages ?? []), { names: [...new Set(firstNames)], isUpgrade: update !== undefined, image }),
  );

  const offered = packageSet((held?.offers ?? []).filter(({ name }) => !packages.has(name)));
  const offerNames = update ? update.names.filter((name) => offered.has(name)) : (definition.offers ?? []);
  if (offerNames.length === 0 && offered.size === 0) return { packages: sorted(packages.values()), offers: [] };
  const installed = packageSet(below.values(), packages.values(), offered.values());
  const added = await solveOn(request, installed, { names: offerNames, isUpgrade: update !== undefined, image });
  // What an offer needs in another version than it is installed in is installed in that one.
  return {
    packages: sorted(
      packageSet(
        packages.values(),
        added.filter(({ name }) => packages.has(name)),
      ).values(),
    ),
    offers: sorted(
      packageSet(
        offered.values(),
        added.filter(({ name }) => !packages.has(name)),
      ).values(),
    ),
  };
}

/** What comes on top of what is installed. */
async function solveOn(
  { workspace, suites, files, below, ownerBelow, definition }: ChoiceRequest,
  installed: PackageSet,
  request: SolveRequest,
): Promise<LockedPackage[]> {
  const ownerOf = (name: string): string => (below.has(name) && below.get(name) === installed.get(name) ? ownerBelow(name) : definition.name);
  await workspace.writeStatus(await installedStatus([...installed.values()], suites, files, ownerOf));
  const solution = await solve(workspace, suites, request);
  return resolve(solution, suites);
}

function resolve({ installs }: Solution, suites: readonly VerifiedSuite[]): LockedPackage[] {
  return installs.map((wanted) => {
    const found = findPackage(suites, wanted);
    if (found) return found.locked;
    throw new RbuildError("lock.index-incomplete", `APT chose ${wanted.name} ${wanted.version}, which no verified index has`, {
      category: "untrusted",
      hint: "rbuild image lock again",
    });
  });
}
