export type { Check, CheckStatus } from "./check.ts";
export { type Diagnosis, diagnose } from "./diagnose.ts";
export { installPackages } from "./install-packages.ts";
export { JOBS, type Job } from "./jobs.ts";
