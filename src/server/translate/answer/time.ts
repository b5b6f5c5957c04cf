/** Go's zero time: Docker's "never". */
export const NEVER = "0001-01-01T00:00:00Z";

/** Whole seconds since 1970 of an RFC 3339 time, 0 when it is none. */
export function unixSeconds(time: string | undefined): number {
  const milliseconds = Date.parse(time ?? "");
  return Number.isNaN(milliseconds) ? 0 : Math.floor(milliseconds / 1000);
}

const HOURS = { day: 24, week: 24 * 7, month: 24 * 30, year: 24 * 365 } as const;

/** A duration in the words of Docker's STATUS column: "3 seconds", "About a minute", "2 weeks". */
export function humanDuration(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  if (seconds < 1) return "Less than a second";
  if (seconds === 1) return "1 second";
  if (seconds < 60) return `${seconds} seconds`;
  const minutes = Math.floor(seconds / 60);
  if (minutes === 1) return "About a minute";
  if (minutes < 60) return `${minutes} minutes`;
  const hours = Math.floor(seconds / 3600 + 0.5);
  if (hours === 1) return "About an hour";
  if (hours < 2 * HOURS.day) return `${hours} hours`;
  if (hours < 2 * HOURS.week) return `${Math.floor(hours / HOURS.day)} days`;
  if (hours < 2 * HOURS.month) return `${Math.floor(hours / HOURS.week)} weeks`;
  if (hours < 2 * HOURS.year) return `${Math.floor(hours / HOURS.month)} months`;
  return `${Math.floor(seconds / 3600 / HOURS.year)} years`;
}
