import { firstError } from "../../system/errors.ts";
import { isRbuildError, isSystemError, RbuildError } from "../../system/index.ts";
import { statusOf } from "../container-host/host-error.ts";

/** Whether the kernel, a tool or a container engine says that a disk is full. */
export const saysFull = (text: string): boolean => /no space left|disk quota exceeded/i.test(text);

/** @param what is not to be had for lack of space: `build the image x` */
export function noSpace(what: string, options: { readonly cause?: unknown; readonly details?: Readonly<Record<string, unknown>> } = {}): RbuildError {
  return new RbuildError("image.no-space", `could not ${what}: no space left on device`, {
    category: "unavailable",
    hint: "make room where the container engine and rbuild keep their state; rbuild engine gc frees what nothing needs",
    ...options,
  });
}

/** An error of an image's build; one that comes of a full disk, here or where the engine keeps its state, says so. */
export function explainFullDisk(thrown: unknown, name: string): unknown {
  const error = firstError(thrown);
  if (isRbuildError(error) || !(error instanceof Error)) return error;
  const isFull = isSystemError(error, "ENOSPC", "EDQUOT") || statusOf(error) === 507 || saysFull(error.message);
  return isFull ? noSpace(`build the image ${name}`, { cause: error }) : error;
}
