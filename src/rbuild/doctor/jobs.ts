/** What a machine may be wanted for. */
export const JOBS = ["engine", "image", "iso", "test", "bench"] as const;
export type Job = (typeof JOBS)[number];

/** A job stands on all those before it: `iso` builds images, which needs the engine. */
export function includesJob(job: Job, part: Job): boolean {
  return JOBS.indexOf(part) <= JOBS.indexOf(job);
}
