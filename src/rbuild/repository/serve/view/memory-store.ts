import type { TrustState, TrustStore } from "../../../trust/client/trust-store.ts";

/** What the server remembers of its own repository for as long as it runs: a state that goes back is seen as what it is. */
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
