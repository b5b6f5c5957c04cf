import type { Digest } from "../../../oci/index.ts";

/** A layer, and what its image's history says made it. */
export interface OriginLayer {
  readonly digest: Digest;
  readonly origin: string;
}

/**
 * For each layer that is new, the one of another image that it most likely replaces: the one of the same origin, else the one that is at
 * its place once the layers that both have are left out. Both lists bottom first.
 */
export function pairLayers(from: readonly OriginLayer[], to: readonly OriginLayer[]): { readonly from: Digest; readonly to: Digest }[] {
  const before = from.filter((layer) => !to.some(({ digest }) => digest === layer.digest));
  const added = to.filter((layer) => !from.some(({ digest }) => digest === layer.digest));
  const partners = new Map<OriginLayer, OriginLayer>();
  for (const layer of added) {
    const alike = before.filter(({ origin }) => origin === layer.origin && origin !== "");
    if (alike.length === 1 && alike[0] && added.filter(({ origin }) => origin === layer.origin).length === 1) partners.set(layer, alike[0]);
  }
  const taken = new Set(partners.values());
  const left = before.filter((layer) => !taken.has(layer));
  const lonely = added.filter((layer) => !partners.has(layer));
  for (const [index, layer] of lonely.entries()) if (left[index]) partners.set(layer, left[index]);
  return added.flatMap((layer) => {
    const partner = partners.get(layer);
    return partner ? [{ from: partner.digest, to: layer.digest }] : [];
  });
}
