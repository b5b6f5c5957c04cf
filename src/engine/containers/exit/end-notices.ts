import type { ContainerId, ExitStatus } from "../container.ts";

export type EndNotice = { readonly kind: "ended"; readonly exit: ExitStatus } | { readonly kind: "removed" };

/** Tells those who wait in this process that a container has ended or is gone. */
export class EndNotices {
  readonly #listeners = new Map<ContainerId, Set<(notice: EndNotice) => void>>();

  subscribe(id: ContainerId, listener: (notice: EndNotice) => void): Disposable {
    const listeners = this.#listeners.get(id) ?? new Set();
    this.#listeners.set(id, listeners.add(listener));
    return {
      [Symbol.dispose]: () => {
        listeners.delete(listener);
        if (listeners.size === 0 && this.#listeners.get(id) === listeners) this.#listeners.delete(id);
      },
    };
  }

  tell(id: ContainerId, notice: EndNotice): void {
    for (const listener of this.#listeners.get(id) ?? []) listener(notice);
  }
}
