import { byteText } from "../../rbuild/pool/byte-text.ts";
import type { PinVerdict } from "../../rbuild/repository/sign/compare-pins.ts";
import type { ChannelChange } from "../../rbuild/repository/sign/content-changes.ts";
import type { Examination } from "../../rbuild/repository/sign/examine-request.ts";
import type { NameOf } from "../keys/name-of.ts";

/** What a signer is asked to vouch for, in words. */
export function examinationLines({ request, shown, changes, images, roles, problems }: Examination, nameOf: NameOf): string[] {
  const { index, freshness, follows, repository, root } = request;
  const file = `${byteText(request.bytes.byteLength)}, ${request.digest}`;
  const before = follows ? `index ${follows.index.version} (${follows.index.sha256})` : "nothing: it is the first publication";
  const compared = shown
    ? `that is what ${shown.source} shows now${shown.stale ? `, WHICH MAY BE OLD: ${shown.stale}` : ""}`
    : follows
      ? "NOT COMPARED with what the repository shows now: --from URL"
      : "the repository must be empty";
  const added = new Set(changes?.added.map(({ manifest }) => manifest));
  return [
    `request for ${repository}, root ${root.version} (${file})`,
    ...(index ? [`index ${index.value.version} (${index.digest}), until ${index.value.expires}`] : []),
    `freshness ${freshness.value.version} (${freshness.digest}), until ${freshness.value.expires}`,
    `follows ${before}; ${compared}`,
    "",
    ...images.flatMap((image) => {
      const { name, version, architecture, manifest, channels, pin } = image;
      const change = changes ? (added.has(manifest) ? "new" : "as before") : "has";
      return [
        `${change.padEnd(9)} ${name} ${version} ${architecture}${channels.length > 0 ? ` (${channels.join(", ")})` : ""}`,
        `          ${manifest} ${pinText(pin)}`,
      ];
    }),
    ...(changes?.retired ?? []).map(({ name, version, architecture }) => `retired   ${name} ${version} ${architecture}`),
    ...(changes?.channels ?? []).map((change) => `channel   ${channelText(change)}`),
    ...(index ? [] : ["the freshness alone: no image changes"]),
    "",
    ...roles.flatMap(({ part, role, threshold, keys }) => [`the ${part} needs ${threshold} of the ${role} keys`, ...keys.map((key) => `  ${nameOf(key)}`)]),
    ...problems.map(({ message, code, hint }) => `DO NOT SIGN: ${message} [${code}]${hint ? `\n  ${hint}` : ""}`),
  ];
}

function pinText(pin: PinVerdict): string {
  switch (pin.kind) {
    case "exact":
      return `is what this checkout pins${pin.isLockSame ? ", with the same lock" : "; ITS LOCK IS ANOTHER"}`;
    case "different":
      return `IS NOT WHAT THIS CHECKOUT PINS: ${pin.pinned}`;
    case "other-version":
      return `not compared: this checkout pins version ${pin.version}`;
    case "unpinned":
      return "not compared: this checkout has no pin of it";
    default:
      return pin satisfies never;
  }
}

function channelText({ name, architecture, channel, from, to }: ChannelChange): string {
  const where = `${channel} of ${name} ${architecture}`;
  if (from === undefined) return `${where}: new, ${to}`;
  return to === undefined ? `${where}: empty, was ${from}` : `${where}: ${to}, was ${from}`;
}

/** The same for `--json`. */
export function examinationData({ request, shown, changes, images, roles, problems }: Examination) {
  const { index, freshness, follows, repository, root, digest } = request;
  return {
    repository,
    root: root.version,
    request: { size: request.bytes.byteLength, digest },
    index: index ? { version: index.value.version, sha256: index.digest, issued: index.value.issued, expires: index.value.expires } : null,
    freshness: { version: freshness.value.version, sha256: freshness.digest, asOf: freshness.value.asOf, expires: freshness.value.expires },
    follows: follows ?? null,
    comparedWith: shown ? { source: shown.source, index: shown.index.version, freshness: shown.freshness.version, stale: shown.stale ?? null } : null,
    images: images.map(({ name, version, architecture, channels, manifest, pin }) => ({
      name,
      version,
      architecture,
      channels,
      digest: manifest,
      pin,
      ...(changes ? { isNew: changes.added.some((image) => image.manifest === manifest) } : {}),
    })),
    retired: (changes?.retired ?? []).map(({ name, version, architecture }) => ({ name, version, architecture })),
    channels: changes?.channels ?? [],
    roles,
    problems: problems.map(({ code, message }) => ({ code, message })),
  };
}
