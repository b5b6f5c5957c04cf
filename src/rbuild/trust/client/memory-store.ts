import type { TrustState, TrustStore } from "./trust-store.ts";

/** What is remembered of a repository for as long as the process runs: its state, no file. */
export function openMemoryStore(): TrustStore {
  let state: TrustState | undefined;
  return {
    kept: { name: "memory", read: async () => ({ kind: "absent" }) },
    load: async () => state,
    async save(next) {
      state = next;
    },
    async keep() {},
    async retain() {},
    async [Symbol.asyncDispose]() {},
  };
}
