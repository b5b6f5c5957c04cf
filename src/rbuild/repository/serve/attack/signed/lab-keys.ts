import { enums, generateKey, type PrivateKey, revokeKey } from "openpgp";

/** Keys that protect nothing, named for what is wrong with them. The stranger is in no root. */
export const LAB_KEYS = ["root", "old", "publisher", "second", "freshness", "expired", "revoked", "future", "weak", "rsa", "stranger"] as const;
export type LabKey = (typeof LAB_KEYS)[number];

export const DAY = 86_400_000;
/** Of keys that are as they should be, before the lab was made. */
const AGE = 60 * DAY;
/** Before which the keys `old` and `expired` could sign; from when the lab was made. */
export const EXPIRED_SINCE = -10 * DAY;

/** Secret keys without a passphrase. @param made when the lab is made; what is expired or revoked is so from then on */
export async function makeLabKeys(made: Date): Promise<ReadonlyMap<LabKey, PrivateKey>> {
  const keys = new Map<LabKey, PrivateKey>();
  for (const name of LAB_KEYS) keys.set(name, await makeKey(name, made));
  return keys;
}

async function makeKey(name: LabKey, made: Date): Promise<PrivateKey> {
  const begins = new Date(made.getTime() + (name === "future" ? 3650 * DAY : -AGE));
  const { privateKey } = await generateKey({
    ...(name === "weak" || name === "rsa"
      ? { type: "rsa" as const, rsaBits: name === "weak" ? 2048 : 3072 }
      : { type: "ecc" as const, curve: "ed25519Legacy" as const }),
    userIDs: [{ name: `${name} (protects nothing)` }],
    date: begins,
    ...(name === "expired" || name === "old" ? { keyExpirationTime: (AGE + EXPIRED_SINCE) / 1000 } : {}),
    subkeys: name === "publisher" ? [{ sign: true }, { sign: true }] : [],
    format: "object",
  });
  if (name !== "revoked") return privateKey;
  const reasonForRevocation = { flag: enums.reasonForRevocation.keyCompromised, string: "" };
  return (await revokeKey({ key: privateKey, reasonForRevocation, date: made, format: "object" })).privateKey;
}
