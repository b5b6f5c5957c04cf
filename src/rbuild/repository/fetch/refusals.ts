import { RbuildError } from "../../../system/index.ts";

/** What is signed does not fit together, or a file on this disk has changed. Exit code 5. */
export function untrusted(code: `trust.${string}`, message: string, details: Readonly<Record<string, unknown>> = {}): RbuildError {
  return new RbuildError(code, message, {
    category: "untrusted",
    hint: "run the command again; if that does not help, tell whoever publishes the repository",
    details,
  });
}
