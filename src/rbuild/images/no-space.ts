import { isRbuildError, isSystemError, RbuildError } from "../../system/index.ts";

/** An error of an image's build; one that comes of a full disk, here or where the engine keeps its state, says so. */
export function explainFullDisk(error: unknown, name: string): unknown {
  if (isRbuildError(error)) return error;
  const isFull =
    isSystemError(error, "ENOSPC", "EDQUOT") ||
    (error instanceof Error && ((error as { statusCode?: number }).statusCode === 507 || /no space left on device/i.test(error.message)));
  if (!isFull) return error;
  return new RbuildError("image.no-space", `could not build the image ${name}: no space left on device`, {
    category: "unavailable",
    hint: "make room where the container engine and rbuild keep their state; rbuild engine gc frees what nothing needs",
    cause: error,
  });
}
