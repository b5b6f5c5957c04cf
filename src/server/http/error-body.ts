import { isRbuildError, redact } from "../../system/index.ts";

/** Docker's own words, where people and scripts look for them. The engine's message is the answer for every other code. */
const DOCKER_WORDS: Readonly<Record<string, (subject: string, message: string) => string>> = {
  "container.not-found": (subject) => `No such container: ${subject}`,
  "exec.not-found": (subject) => `No such exec instance: ${subject}`,
  "image.not-found": (subject, message) => (subject ? `No such image: ${subject}` : message),
  "network.not-found": (subject, message) => (subject ? `network ${subject} not found` : message),
  "volume.not-found": (subject, message) => (subject ? `get ${subject}: no such volume` : message),
};

/**
 * Docker's error JSON. `code` and `hint` are ours; clients that do not know them pass over them.
 * @param subject the object the request's path names, if it names one
 */
export function errorBody(error: unknown, subject = ""): { readonly message: string; readonly code?: string; readonly hint?: string } {
  const message = redact(error instanceof Error ? error.message : String(error));
  if (!isRbuildError(error)) return { message };
  return {
    message: DOCKER_WORDS[error.code]?.(subject, message) ?? message,
    code: error.code,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
  };
}
