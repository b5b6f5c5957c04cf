import { CLOCK_HORIZON, CLOCK_TOLERANCE } from "./limits.ts";
import { type Refusal, refusal } from "./refusal.ts";

/**
 * Whether this machine's clock can be right, given a moment that is certainly past. A clock that is wrong makes every expiry meaningless.
 * @param floor latest time that signed metadata has proved
 */
export function checkClock(now: Date, floor: Date): Refusal | undefined {
  const hint = "set this machine's clock: date --utc";
  if (now.getTime() < floor.getTime() - CLOCK_TOLERANCE)
    return refusal("trust.clock-behind", `this machine's clock says ${now.toISOString()}, but what is signed proves that ${floor.toISOString()} is past`, {
      hint,
    });
  if (now.getTime() > floor.getTime() + CLOCK_HORIZON)
    return refusal("trust.clock-ahead", `this machine's clock says ${now.toISOString()}, decades after everything that is signed`, { hint });
  return undefined;
}
