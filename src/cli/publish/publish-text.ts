import { byteText } from "../../rbuild/pool/byte-text.ts";
import type { WaitingOutcome } from "../../rbuild/repository/publish/prepared/finish-publication.ts";
import type { PreparedOutcome } from "../../rbuild/repository/publish/prepared/prepare-publication.ts";
import type { SigningProgress } from "../../rbuild/repository/publish/prepared/progress.ts";
import type { PublishOutcome, PublishPlan } from "../../rbuild/repository/publish/publication.ts";
import { counted } from "../../system/counted.ts";
import type { NameOf } from "../keys/name-of.ts";

const sum = (files: readonly { readonly size: number }[]): number => files.reduce((bytes, { size }) => bytes + size, 0);
const filesText = (files: readonly { readonly size: number }[]): string => `${counted(files.length, "file")}, ${byteText(sum(files))}`;

export function publishLines(outcome: PublishOutcome): string[] {
  const { kind, directory, repository, index, freshness, until, images, deltas, written, removed, retired } = outcome;
  const shown = `index ${index}, freshness ${freshness}, believed until ${until}`;
  const what = { published: "published to", renewed: "freshness renewed in", repaired: "files put back in", unchanged: "nothing new for" }[kind];
  return [
    ...imageLines({ images, deltas, retired }),
    ...(written.length > 0 ? [`written  ${filesText(written)}`] : []),
    ...(removed.length > 0 ? [`removed  ${filesText(removed)}`] : []),
    `${what} ${directory} (${repository}): ${shown}`,
  ];
}

export function preparedLines({ images, deltas, retired, request, progress, directory, index, replaced }: PreparedOutcome, nameOf: NameOf): string[] {
  const { path, size, digest } = request;
  return [
    ...imageLines({ images, deltas, retired }),
    ...(replaced === undefined ? [] : [`dropped  index ${replaced}, which was prepared before: signatures over it count no more`]),
    `prepared index ${index} of ${directory}; nothing is shown yet`,
    `request  ${path} (${byteText(size)}, ${digest})`,
    ...progress.flatMap((part) => progressLines(part, nameOf)),
    "next     those who are missing: rbuild image sign REQUEST --signer …; then here:",
    `         rbuild image publish ${directory} --add-signature FILE --finish --freshness-signer …`,
  ];
}

export function waitingLines({ directory, index, progress }: WaitingOutcome, nameOf: NameOf): string[] {
  const isEnough = progress.every((part) => part.isEnough);
  return [
    `index ${index} of ${directory} ${isEnough ? "has its signatures: --finish shows it" : "waits for signatures"}`,
    ...progress.flatMap((part) => progressLines(part, nameOf)),
  ];
}

function progressLines({ part, role, threshold, signed, missing, isEnough }: SigningProgress, nameOf: NameOf): string[] {
  return [
    `the ${part} has ${signed.length} of the ${threshold} ${role} signatures that it needs`,
    ...signed.map((key) => `  signed   ${nameOf(key)}`),
    ...(isEnough ? [] : missing.map((key) => `  missing  ${nameOf(key)}`)),
  ];
}

function imageLines({ images, deltas, retired }: Pick<PublishOutcome, "images" | "deltas" | "retired">): string[] {
  return [
    ...images.map(({ name, version, architecture, digest, state }) => `${state.padEnd(8)} ${name} ${version} ${architecture} ${digest}`),
    ...deltas.map(({ from, to, size }) => `delta    ${from.slice(7, 19)} to ${to.slice(7, 19)}, ${byteText(size)}`),
    ...retired.map(({ name, version, architecture }) => `retired  ${name} ${version} ${architecture}`),
  ];
}

export function planLines({ directory, would, images, retired }: PublishPlan): string[] {
  const texts = { publish: "a new index and freshness", renew: "a new freshness", repair: "missing files", nothing: "nothing" };
  return [
    ...images.map(({ name, version, architecture, state, size, layers }) => {
      const more = layers === undefined ? "" : `, ${counted(layers.length, "new layer")}, ${byteText(size ?? 0)} with those below`;
      return `${state.padEnd(8)} ${name} ${version} ${architecture}${more}`;
    }),
    ...retired.map(({ name, version, architecture }) => `retired  ${name} ${version} ${architecture}`),
    `would write to ${directory}: ${texts[would]}`,
  ];
}
