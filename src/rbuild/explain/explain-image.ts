import { canonicalJson, digestOf, hostPlatform, isDigest, type JsonValue, platformText } from "../../oci/index.ts";
import { systemClock } from "../../system/index.ts";
import type { ContainerHost } from "../container-host/container-host.ts";
import type { LocatedDefinition } from "../definition/read-definition.ts";
import { readBuiltRecord } from "../images/built-record.ts";
import { checkLocatedPin, currentPin } from "../images/check-pin.ts";
import type { RepositoryChoice } from "../images/image-operations.ts";
import { collectInputs, digestOfInputs, type ImageInputs, INPUTS_LABEL } from "../images/inputs/collect-inputs.ts";
import { inspectImage } from "../images/inspect-image.ts";
import { readPin } from "../images/pin/pin-file.ts";
import { imageReference } from "../images/present-image.ts";
import { hostArchitecture } from "../lock/architectures.ts";
import { checkLock } from "../lock/check-lock.ts";
import { comparePackages } from "../lock/diff/compare-packages.ts";
import type { LockedDefinition } from "../lock/lock-operations.ts";
import { belowOf, requireCurrent } from "../lock/locked-chain.ts";
import { missingOf } from "../pool/fill-pool.ts";
import { itemsOf } from "../pool/locked-images.ts";
import type { Pool } from "../pool/pool.ts";
import { lookForPinned } from "../repository/fetch/look-for-pinned.ts";
import { compareValues, type ValueDifference } from "./compare-values.ts";
import { buildConsequence, type Publication, useConsequence } from "./consequences.ts";
import { findEarlierLock } from "./earlier-locks.ts";
import type { EngineVerdict, ImageExplanation, LockVerdict } from "./explanation.ts";
import { refusedLock } from "./refused-lock.ts";

export interface ExplainDependencies {
  /** Undefined: the engine cannot be asked. */
  readonly containerHost: ContainerHost | undefined;
  /** Where pinned images may be had. */
  readonly repositories: RepositoryChoice | undefined;
  readonly stateDirectory: string;
  readonly pool: Pool;
}

/** An image of a chain that has been explained, for the one above it. */
export interface ExplainedLevel {
  readonly explanation: ImageExplanation;
  /** Undefined without a current lock. */
  readonly locked: LockedDefinition | undefined;
  /** What the image above would stand on; undefined when it is not known before it is built. */
  readonly imageId: string | undefined;
}

/** Says of one image what its lock, the engine and the pin say, and what follows. */
export async function explainImage(located: LocatedDefinition, below: ExplainedLevel | undefined, dependencies: ExplainDependencies): Promise<ExplainedLevel> {
  const { name, version } = located.definition;
  const { lock, locked } = await lockVerdict(located, below);
  const pin = await pinVerdict(located, dependencies);
  const inputs = locked && (await currentInputs(locked, below));
  const { engine, imageId } = await engineVerdict(located, locked, inputs, dependencies);
  const pool = locked && (await poolVerdict(locked, dependencies.pool));
  const build = buildConsequence(engine, lock, below?.explanation);
  const publication = await publicationOf(pin, dependencies);
  const explanation: ImageExplanation = {
    name,
    version,
    directory: located.directory,
    lock,
    engine,
    pin,
    pool,
    build,
    use: useConsequence(pin, build, below?.explanation, publication),
  };
  // What is not there yet will be what is pinned, or will be refused.
  const expected = engine.kind === "same-inputs" ? imageId : (await readPin(located.directory))?.imageId;
  return { explanation, locked, imageId: expected };
}

async function pinVerdict(located: LocatedDefinition, { containerHost, stateDirectory }: ExplainDependencies): Promise<ImageExplanation["pin"]> {
  if (containerHost) return checkLocatedPin(located, { containerHost, stateDirectory });
  const pin = await currentPin(located);
  return pin ? { kind: "unasked", pin } : { kind: "unpinned", name: located.definition.name };
}

async function publicationOf(
  verdict: ImageExplanation["pin"],
  { repositories, stateDirectory }: Pick<ExplainDependencies, "repositories" | "stateDirectory">,
): Promise<Publication | undefined> {
  if (!repositories || (verdict.kind !== "absent" && verdict.kind !== "unasked")) return undefined;
  const look = await lookForPinned(verdict.pin, repositories, { stateDirectory, clock: systemClock });
  return { look, isExplicit: repositories.isExplicit };
}

async function lockVerdict(
  located: LocatedDefinition,
  below: ExplainedLevel | undefined,
): Promise<{ readonly lock: LockVerdict; readonly locked: LockedDefinition | undefined }> {
  try {
    if (below && !below.locked) return { lock: refusalOfBelow(below), locked: undefined };
    const { lock, digest } = requireCurrent(located, await checkLock(located, belowOf(below?.locked)));
    const lists = lock.architectures[hostArchitecture()];
    if (!lists)
      return {
        lock: {
          kind: "refused",
          code: "lock.no-architecture",
          message: `it is not locked for ${hostArchitecture()}`,
          hint: `rbuild image lock ${located.definition.name}`,
        },
        locked: undefined,
      };
    return { lock: { kind: "current", digest }, locked: { located, lock, lockDigest: digest, packages: lists.packages, offers: lists.offers } };
  } catch (error) {
    return { lock: refusedLock(error), locked: undefined };
  }
}

function refusalOfBelow({ explanation: { name, lock } }: ExplainedLevel): LockVerdict {
  if (lock.kind === "current") throw new TypeError(`the lock of ${name} is current`);
  return { ...lock, message: `it stands on ${name}: ${lock.message}` };
}

async function currentInputs(locked: LockedDefinition, below: ExplainedLevel | undefined): Promise<ImageInputs> {
  const parent = below && { name: below.explanation.name, imageId: below.imageId ?? "" };
  return collectInputs(locked, { architecture: platformText(hostPlatform()), ...(parent ? { parent } : {}) });
}

async function engineVerdict(
  located: LocatedDefinition,
  locked: LockedDefinition | undefined,
  inputs: ImageInputs | undefined,
  { containerHost, stateDirectory }: ExplainDependencies,
): Promise<{ readonly engine: EngineVerdict; readonly imageId: string | undefined }> {
  if (!containerHost) return { engine: { kind: "unasked" }, imageId: undefined };
  const inspected = await inspectImage(containerHost, imageReference(located.definition));
  if (!inspected) return { engine: { kind: "absent" }, imageId: undefined };
  if (!inputs || !locked) return { engine: { kind: "present" }, imageId: undefined };
  const label = inspected.Config.Labels?.[INPUTS_LABEL];
  const record = await readBuiltRecord(stateDirectory, located.definition.name);
  const isRecorded = record !== undefined && digestOf(canonicalJson(record.inputs as JsonValue)) === label;
  if (label === digestOfInputs(inputs)) return { engine: { kind: "same-inputs" }, imageId: isRecorded ? record.built.imageId : inspected.Id };
  const differences = isRecorded ? inOrder(compareValues(record.inputs as JsonValue, inputs as unknown as JsonValue)) : [];
  const was = differences.find(({ field }) => field === "lock")?.was;
  const earlier = isDigest(was) ? await findEarlierLock(located.directory, was) : undefined;
  return {
    engine: { kind: "other-inputs", differences, packages: earlier ? comparePackages(earlier.architectures, locked.lock.architectures) : [] },
    imageId: undefined,
  };
}

/** What comes first in the making of an image stands first. */
const FIRST_FIELDS = ["compatibilityVersion", "architecture", "parent", "lock", "definition", "context"];

function inOrder(differences: readonly ValueDifference[]): ValueDifference[] {
  const rank = ({ field }: ValueDifference) => FIRST_FIELDS.indexOf(field.split(".")[0] ?? "");
  return differences.toSorted((left, right) => rank(left) - rank(right));
}

async function poolVerdict(locked: LockedDefinition, pool: Pool): Promise<ImageExplanation["pool"]> {
  const { wanted, missing } = await missingOf(itemsOf([locked]), pool);
  return { packages: wanted, missing: missing.length, missingBytes: missing.reduce((sum, { size }) => sum + size, 0) };
}
