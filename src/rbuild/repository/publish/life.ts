import { counted } from "../../../system/counted.ts";
import { RbuildError } from "../../../system/index.ts";
import type { TrustedRoot } from "../../trust/client/root-chain.ts";
import { timeText } from "../../trust/format/fields.ts";
import { type Fingerprint, signingEnd } from "../../trust/index.ts";

const DAY = 86_400_000;

export const daysAfter = (now: Date, days: number): Date => new Date(now.getTime() + days * DAY);
export const daysUntil = (time: string, now: Date): number => (Date.parse(time) - now.getTime()) / DAY;

/** A moment, and what ends then. */
export interface End {
  readonly until: Date;
  readonly what: string;
}

/**
 * Until when clients will believe what was signed: the first end of freshness, index and root, and of the keys, where as many as each
 * role wants must still count.
 * @param signers of both roles, those who signed or may have
 */
export async function believedUntil(
  ends: Readonly<Record<"freshness" | "index", Date>>,
  { root, certificates }: Pick<TrustedRoot, "root" | "certificates">,
  signers: Readonly<Record<"freshness" | "publisher", readonly Fingerprint[]>>,
  now: Date,
): Promise<End> {
  const all: End[] = [
    { what: "the freshness", until: ends.freshness },
    { what: "the index", until: ends.index },
    { what: `root ${root.version}`, until: new Date(root.expires) },
  ];
  for (const role of ["freshness", "publisher"] as const) {
    const keys: End[] = [];
    for (const fingerprint of signers[role]) {
      const certificate = certificates.get(fingerprint);
      const until = certificate && (await signingEnd(certificate, now));
      keys.push({ what: `the key ${fingerprint}`, until: until ?? new Date(8.64e15) });
    }
    const last = keys.sort((left, right) => right.until.getTime() - left.until.getTime())[root.roles[role].threshold - 1];
    if (last) all.push(last);
  }
  return all.reduce((first, each) => (each.until < first.until ? each : first));
}

/** @throws RbuildError `repository.too-little-freshness` */
export function checkLife({ until, what }: End, minDays: number, now: Date): void {
  const left = until.getTime() - now.getTime();
  if (left >= minDays * DAY) return;
  const days = Math.max(0, Math.floor(left / DAY));
  throw new RbuildError(
    "repository.too-little-freshness",
    `clients would believe what is published for ${counted(days, "day")} only, ${counted(minDays, "is", "are")} wanted: ${what} ends ${timeText(until)}`,
    {
      category: "refused",
      hint: "--expires and --index-expires say how long; keys and roots: rbuild keys check",
      details: { until: timeText(until), what, days, minDays },
    },
  );
}
