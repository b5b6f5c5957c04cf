import { canonicalJson, digestOf, hostPlatform, isDigest, type JsonValue, platformText } from "../../oci/index.ts";
import type { ContainerHost } from "../container-host/container-host.ts";
import type { LocatedDefinition } from "../definition/read-definition.ts";
import { readBuiltRecord } from "../images/built-record.ts";
import { checkLocatedPin } from "../images/check-pin.ts";
import { collectInputs, digestOfInputs, type ImageInputs, INPUTS_LABEL } from "../images/inputs/collect-inputs.ts";
import { inspectImage } from "../images/inspect-image.ts";
import { readPin } from "../images/pin/pin-file.ts";
import { pinMismatch, unpinned } from "../images/pin/pin-refusal.ts";
import { imageReference } from "../images/present-image.ts";
import { hostArchitecture } from "../lock/architectures.ts";
import { checkLock } from "../lock/check-lock.ts";
import { comparePackages } from "../lock/diff/compare-packages.ts";
import type { LockedDefinition } from "../lock/lock-operations.ts";
import { belowOf, requireCurrent } from "../lock/locked-chain.ts";
import { missingOf } from "../pool/fill-pool.ts";
import { itemsOf } from "../pool/locked-images.ts";
import type { Pool } from "../pool/pool.ts";
import { compareValues, type ValueDifference } from "./compare-values.ts";
import { findEarlierLock } from "./earlier-locks.ts";
import type { Consequence, EngineVerdict, ImageExplanation, LockVerdict } from "./explanation.ts";
import { refusedLock } from "./refused-lock.ts";
import { valueText } from "./value-text.ts";

export interface ExplainDependencies {
  readonly containerHost: ContainerHost;
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
  const pin = await checkLocatedPin(located, dependencies);
  const inputs = locked && (await currentInputs(locked, below));
  const { engine, imageId } = await engineVerdict(located, locked, inputs, dependencies);
  const pool = locked && (await poolVerdict(locked, dependencies.pool));
  const build = buildConsequence(engine, lock, below);
  const explanation: ImageExplanation = { name, version, directory: located.directory, lock, engine, pin, pool, build, use: useConsequence(pin, build, below) };
  // What is not there yet will be what is pinned, or will be refused.
  const expected = engine.kind === "same-inputs" ? imageId : (await readPin(located.directory))?.imageId;
  return { explanation, locked, imageId: expected };
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

function buildConsequence(engine: EngineVerdict, lock: LockVerdict, below: ExplainedLevel | undefined): Consequence {
  if (lock.kind === "refused") return { kind: "refused", code: lock.code, reason: lock.message, hint: lock.hint };
  if (engine.kind !== "absent" && below?.explanation.build.kind === "built")
    return { kind: "built", reason: `${below.explanation.name}, which it stands on, is built` };
  switch (engine.kind) {
    case "same-inputs":
      return { kind: "used" };
    case "absent":
      return { kind: "built", reason: "the engine does not have it" };
    case "other-inputs":
      return { kind: "built", reason: otherInputs(engine) };
    case "present":
      throw new TypeError("what is present is compared where there is a lock");
    default:
      return engine satisfies never;
  }
}

/** The first difference, and where it is the lock, the first package. */
function otherInputs({ differences, packages }: Extract<EngineVerdict, { kind: "other-inputs" }>): string {
  const [first] = differences;
  if (!first) return "the engine's was made from other inputs, and it is not known here from which";
  const [change] = packages;
  if (first.field === "lock" && change) {
    const end = (side: { readonly version: string } | undefined) => side?.version ?? "absent";
    const [from, to] = [change.kind === "added" ? undefined : change.from, change.kind === "removed" ? undefined : change.to];
    const more = packages.length === 1 ? "" : `, and ${packages.length - 1} more`;
    return `the engine's was made from another lock: ${(to ?? from)?.name} was ${end(from)} and is ${end(to)}${more}`;
  }
  return `the engine's was made from other inputs: ${first.field} was ${valueText(first.was)} and is ${valueText(first.is)}`;
}

function useConsequence(pin: ImageExplanation["pin"], build: Consequence, below: ExplainedLevel | undefined): Consequence {
  if (below?.explanation.use.kind === "refused" && below.explanation.pin.kind === "different") return below.explanation.use;
  switch (pin.kind) {
    case "exact":
      return { kind: "used" };
    case "different":
      return refusal(pinMismatch(pin.pin, pin.found.imageId, "present"));
    case "unpinned":
      return refusal(unpinned(pin.name));
    case "absent":
      return build.kind === "refused" ? build : { kind: "built", reason: "the engine does not have the pinned image: it is reproduced from its lock" };
    default:
      return pin satisfies never;
  }
}

function refusal({ code, message, hint }: { readonly code: string; readonly message: string; readonly hint: string | undefined }): Consequence {
  return { kind: "refused", code, reason: message, hint };
}
