import { type ErrorCategory, isRbuildError } from "../../system/index.ts";

const BY_CATEGORY: Readonly<Record<ErrorCategory, number>> = {
  invalid: 400,
  "not-found": 404,
  conflict: 409,
  refused: 403,
  untrusted: 403,
  unavailable: 503,
  cancelled: 499,
  failed: 500,
};

/** Where Docker's status says more than the category does. */
const BY_CODE: Readonly<Record<string, number>> = {
  "server.not-offered": 501,
  "server.body-too-large": 413,
  "content.no-space": 507,
};

/** The HTTP status of an error: the one place where categories become numbers. */
export function statusOf(error: unknown): number {
  if (isRbuildError(error)) return BY_CODE[error.code] ?? BY_CATEGORY[error.category];
  // The parsers of src/oci throw an error of their own that carries a category.
  const category = error instanceof Error && "category" in error ? BY_CATEGORY[error.category as ErrorCategory] : undefined;
  return category ?? 500;
}
