import { RbuildError } from "../../system/index.ts";
import { readDefinitions } from "../definition/find-definition.ts";
import type { LocatedDefinition } from "../definition/read-definition.ts";
import { COMPATIBILITY_VERSION } from "../images/compatibility.ts";
import { hostArchitecture } from "./architectures.ts";
import { changeText } from "./change-text.ts";
import { type Below, checkLock } from "./check-lock.ts";
import type { DebianArchitecture, ImageLock } from "./image-lock.ts";
import type { LockedChain, LockedDefinition, LockState } from "./lock-operations.ts";

export interface ChainOptions {
  readonly imageDirectories: readonly string[];
  /** Default: the host's. */
  readonly architecture?: DebianArchitecture;
}

/**
 * An image and those it stands on, each with its lock, which is that of its definition as it is now.
 * @throws RbuildError `lock.missing`, `lock.stale`, `lock.other-compatibility`, `lock.no-architecture`, `lock.invalid`, `lock.duplicate-package`, and codes `definition.*`
 */
export async function readLockedChain(name: string, { imageDirectories, architecture = hostArchitecture() }: ChainOptions): Promise<LockedChain> {
  const images: LockedDefinition[] = [];
  for (const located of await readDefinitions(name, imageDirectories)) {
    const { lock, digest } = requireCurrent(located, await checkLock(located, belowOf(images.at(-1))));
    const locked = lock.architectures[architecture];
    if (!locked) throw noArchitecture(lock, architecture);
    images.push({ located, lock, lockDigest: digest, packages: locked.packages, offers: locked.offers });
  }
  return { architecture, images };
}

export function belowOf(image: Pick<LockedDefinition, "located" | "lockDigest"> | undefined): Below | undefined {
  return image && { name: image.located.definition.name, lock: image.lockDigest };
}

/** @throws RbuildError `lock.missing`, `lock.stale`, `lock.other-compatibility` */
export function requireCurrent({ definition: { name }, directory }: LocatedDefinition, state: LockState): LockState & { kind: "current" } {
  const hint = `rbuild image lock ${name}`;
  if (state.kind === "absent") {
    throw new RbuildError("lock.missing", `the image ${name} has no lock: ${directory} says what is wanted, not yet which packages that is`, {
      category: "refused",
      hint,
      details: { name, directory },
    });
  }
  if (state.kind === "stale") {
    const { field, was, is } = state;
    const what = field === "from" ? "the image below was locked anew, or is another" : "its definition has changed";
    throw new RbuildError("lock.stale", `the lock of ${name} is stale, ${what}: ${changeText(state)}`, {
      category: "refused",
      hint,
      details: { name, field, was, is },
    });
  }
  const { compatibilityVersion } = state.lock;
  if (compatibilityVersion === COMPATIBILITY_VERSION) return state;
  throw new RbuildError(
    "lock.other-compatibility",
    `the lock of ${name} is for the compatibility version ${compatibilityVersion}; this rbuild builds ${COMPATIBILITY_VERSION}, so the same packages would give another digest`,
    {
      category: "refused",
      hint: `${compatibilityVersion > COMPATIBILITY_VERSION ? "use a newer rbuild, or " : ""}${hint}`,
      details: { name, wanted: compatibilityVersion, found: COMPATIBILITY_VERSION },
    },
  );
}

function noArchitecture({ name, architectures }: ImageLock, architecture: string): RbuildError {
  const known = Object.keys(architectures).sort();
  return new RbuildError("lock.no-architecture", `the lock of ${name} has packages for ${known.join(" and ") || "no architecture"}, not for ${architecture}`, {
    category: "refused",
    hint: `name it in architectures: of ${name}'s definition, and: rbuild image lock ${name}`,
    details: { name, architecture, known },
  });
}
