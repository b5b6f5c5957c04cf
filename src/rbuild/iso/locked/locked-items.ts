import type { PoolItem } from "../../pool/pool.ts";
import type { TreeLock } from "./tree-lock.ts";

/** Everything that a tree's lock needs of a pool: packages and index files, each once. */
export function lockedItems({ archives, packages }: TreeLock): PoolItem[] {
  const items = new Map<string, PoolItem>();
  const add = ({ sha256, size, path, archive }: PoolItem) => items.set(`${archive}/${path}`, { sha256, size, path, archive });
  for (const { archive, indexes } of archives) for (const index of indexes) add({ ...index, archive });
  for (const each of packages) add(each);
  return [...items.values()];
}
