import { isSystemError, RbuildError, redact } from "../../system/index.ts";

/**
 * Awaits an answer of the container host and turns its refusals into coded errors. An error that the embedded engine
 * sent keeps its own code and hint.
 * @param what what was asked for, as in `create the container x`
 * @throws RbuildError `container-host.unreachable`, `container-host.refused`, the engine's own code, or the abort's reason
 */
export async function asked<T>(what: string, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw hostError(what, error);
  }
}

/** The answer, or undefined when the host has no such object. */
export function askedIfThere<T>(what: string, answer: Promise<T>): Promise<T | undefined> {
  return asked(what, ifThere(answer));
}

/** The same, with other errors as they come. */
export async function ifThere<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw error;
  }
}

export function hostError(what: string, error: unknown): unknown {
  if (error instanceof RbuildError || (error instanceof Error && error.name === "AbortError")) return error;
  if (isSystemError(error, "ECONNREFUSED", "ENOENT", "EACCES", "EPERM", "ENOTFOUND", "ETIMEDOUT", "ECONNRESET", "EPIPE")) {
    return new RbuildError("container-host.unreachable", `cannot ${what}: the container engine does not answer (${error.code})`, {
      category: "unavailable",
      hint: "check DOCKER_HOST, or unset it to use the embedded engine",
      cause: error,
      details: { systemCode: error.code },
    });
  }
  const status = statusOf(error);
  const { code, hint } = ownFields(error);
  const message = redact(`cannot ${what}: ${reasonOf(error)}`);
  const details = { status, engineCode: code };
  if (code !== undefined) return new RbuildError(code, message, { hint: hint ?? "rbuild doctor", category: categoryOf(status), cause: error, details });
  return new RbuildError("container-host.refused", message, { category: categoryOf(status), hint: "rbuild doctor", cause: error, details });
}

/** HTTP status of a host's refusal. */
export function statusOf(error: unknown): number | undefined {
  return error instanceof Error && "statusCode" in error && typeof error.statusCode === "number" ? error.statusCode : undefined;
}

/** What the embedded engine adds to Docker's error JSON. */
function ownFields(error: unknown): { readonly code?: string; readonly hint?: string } {
  const body: unknown = error instanceof Error && "json" in error ? error.json : undefined;
  if (typeof body !== "object" || body === null) return {};
  const text = (key: string) => {
    const value: unknown = (body as Record<string, unknown>)[key];
    return typeof value === "string" ? { [key]: value } : {};
  };
  return { ...text("code"), ...text("hint") };
}

function reasonOf(error: unknown): string {
  const body: unknown = error instanceof Error && "json" in error ? error.json : undefined;
  if (typeof body === "object" && body !== null && "message" in body && typeof body.message === "string") return body.message;
  return error instanceof Error ? error.message : String(error);
}

function categoryOf(status: number | undefined): "not-found" | "conflict" | "invalid" | "unavailable" | "failed" {
  if (status === 404) return "not-found";
  if (status === 409) return "conflict";
  if (status === 400) return "invalid";
  return status === 503 ? "unavailable" : "failed";
}
