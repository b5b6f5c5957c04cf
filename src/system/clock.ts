/** The only source of the present time outside artefacts, which use SOURCE_DATE_EPOCH. */
export interface Clock {
  now(): Date;
}

export const systemClock: Clock = { now: () => new Date() };
