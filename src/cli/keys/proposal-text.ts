import type { Progress, RootChanges } from "../../rbuild/trust/index.ts";
import type { NameOf } from "./name-of.ts";

export const completeLines = (version: number): string[] => [`root ${version} is signed by enough, and counts from now on; commit keys/`];

/** What somebody who is asked for a signature should know. */
export function proposalLines(version: number, progress: readonly Progress[], changes: RootChanges, nameOf: NameOf): string[] {
  return [
    `root ${version} is proposed, and would be in force until ${changes.expires.slice(0, 10)}:`,
    ...changeLines(changes, nameOf).map((line) => `  ${line}`),
    "it waits for signatures (rbuild keys sign)",
    ...progress.flatMap(({ root, threshold, signed, missing }) => [
      `  by the keys of root ${root}: ${signed.length} of ${threshold}`,
      ...signed.map((key) => `    signed   ${nameOf(key)}`),
      ...(signed.length < threshold ? missing.map((key) => `    missing  ${nameOf(key)}`) : []),
    ]),
  ];
}

function changeLines({ roles, revoked, floors, renewed }: RootChanges, nameOf: NameOf): string[] {
  const lines = [
    ...roles.flatMap(({ role, from, to, added, removed }) => [
      `${role}: ${to.threshold} of ${to.keys}${from ? `, was ${from.threshold} of ${from.keys}` : ""}`,
      ...added.map((key) => `  gets it   ${nameOf(key)}`),
      ...removed.map((key) => `  loses it  ${nameOf(key)}`),
    ]),
    ...revoked.map(({ fingerprint, reason }) => `revoked for ever: ${nameOf(fingerprint)}, ${reason}`),
    ...floors.map(({ of, from, to }) => `no ${of} below ${to} is accepted any more (was ${from})`),
    ...renewed.map((key) => `another form of the certificate ${nameOf(key)}`),
  ];
  return lines.length > 0 ? lines : ["the same keys and thresholds"];
}
