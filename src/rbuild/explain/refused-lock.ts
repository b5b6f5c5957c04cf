import { isRbuildError } from "../../system/index.ts";
import type { LockVerdict } from "./explanation.ts";

/** The verdict that an error of a lock's check is. @throws every other error */
export function refusedLock(error: unknown): Extract<LockVerdict, { kind: "refused" }> {
  if (!isRbuildError(error) || !error.code.startsWith("lock.")) throw error;
  const { code, message, hint, details } = error;
  const text = (key: "field" | "was" | "is") => (typeof details[key] === "string" ? { [key]: details[key] } : {});
  return { kind: "refused", code, message, hint, ...text("field"), ...text("was"), ...text("is") };
}
