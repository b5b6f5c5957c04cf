import { isRbuildError, redact } from "../../system/index.ts";
import { dockerWords } from "./docker-words.ts";

/**
 * Docker's error JSON. `code` and `hint` are ours; clients that do not know them pass over them. The answer to an unknown page is Docker's to
 * the letter: clients tell by it that there is a Docker.
 */
export function errorBody(error: unknown): { readonly message: string; readonly code?: string; readonly hint?: string } {
  const message = redact(error instanceof Error ? error.message : String(error));
  if (!isRbuildError(error) || error.code === "server.page-not-found") return { message };
  return { message: dockerWords(error) ?? message, code: error.code, ...(error.hint === undefined ? {} : { hint: error.hint }) };
}
