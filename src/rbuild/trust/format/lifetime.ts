import { counted } from "../../../system/counted.ts";
import { MAX_LIFE_DAYS } from "../limits.ts";
import { type Refusal, refusal } from "../refusal.ts";

const DAY = 86_400_000;

/** Whether something signed ends soon enough: what never ends can hold clients at an old state for ever. docs/repository-format.md, "Limits". */
export function judgeLifetime(
  type: keyof typeof MAX_LIFE_DAYS,
  { from, expires }: { readonly from: string; readonly expires: string },
  what: string,
): Refusal | undefined {
  const most = MAX_LIFE_DAYS[type];
  const life = Date.parse(expires) - Date.parse(from);
  if (life <= most * DAY) return undefined;
  const days = Math.ceil(life / DAY);
  return refusal(
    "trust.too-long-lived",
    `${what} wants to be believed for ${counted(days, "day")}; ${most} are the most: it could hold clients at an old state`,
    {
      hint: "publishers: sign it anew with an earlier end",
      details: { type, days, most, expires },
    },
  );
}
