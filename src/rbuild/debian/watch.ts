/** Milliseconds between two looks. */
const PAUSE = 20;

/** Looks again and again. Its signal is aborted, with what `check` threw, once it throws; disposing ends it. */
export function watch(check: () => unknown): Disposable & { readonly signal: AbortSignal } {
  const stop = new AbortController();
  const timer = setInterval(() => {
    try {
      check();
    } catch (error) {
      clearInterval(timer);
      stop.abort(error);
    }
  }, PAUSE);
  return { signal: stop.signal, [Symbol.dispose]: () => clearInterval(timer) };
}
