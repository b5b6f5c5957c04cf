export type { Check, CheckStatus } from "./check.ts";
export { type Diagnosis, diagnose } from "./diagnose.ts";
export { installPackages } from "./install-packages.ts";
export type { Job } from "./jobs.ts";
export { diagnoseOffline, type OfflineDiagnosis, type OfflineNeed } from "./offline.ts";
