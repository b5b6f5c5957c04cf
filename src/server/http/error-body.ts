import { isRbuildError, redact } from "../../system/index.ts";
import { dockerWords } from "./docker-words.ts";

/** Docker's error JSON. `code` and `hint` are ours; clients that do not know them pass over them. */
export function errorBody(error: unknown): { readonly message: string; readonly code?: string; readonly hint?: string } {
  const message = redact(error instanceof Error ? error.message : String(error));
  if (!isRbuildError(error)) return { message };
  return { message: dockerWords(error) ?? message, code: error.code, ...(error.hint === undefined ? {} : { hint: error.hint }) };
}
