import { counted } from "../../system/counted.ts";
import { RbuildError } from "../../system/index.ts";

/** A signal that aborts when the caller's does, or with `iso.timeout` after so many milliseconds. Disposing stops the clock. */
export function buildTimeout(milliseconds: number, signal: AbortSignal | undefined): { readonly signal: AbortSignal } & Disposable {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(timedOut(milliseconds)), Math.min(milliseconds, 2 ** 31 - 1));
  timer.unref();
  return {
    signal: signal ? AbortSignal.any([signal, controller.signal]) : controller.signal,
    [Symbol.dispose]: () => clearTimeout(timer),
  };
}

function timedOut(milliseconds: number): RbuildError {
  return new RbuildError("iso.timeout", `the build took longer than the ${counted(Math.round(milliseconds / 1000), "second")} it may take`, {
    hint: "give it more with timeout: in rbuild.yaml",
    details: { milliseconds },
  });
}
