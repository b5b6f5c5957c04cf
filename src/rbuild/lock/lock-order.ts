import { readDefinitions } from "../definition/find-definition.ts";

/** Names of images, each after those among them that it stands on. @throws RbuildError codes `definition.*` */
export async function inLockOrder(names: readonly string[], imageDirectories: readonly string[]): Promise<string[]> {
  const depths = new Map<string, number>();
  for (const name of names) depths.set(name, (await readDefinitions(name, imageDirectories)).length);
  return [...depths].sort(([, left], [, right]) => left - right).map(([name]) => name);
}
