import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { definedNames } from "../../rbuild/definition/defined-names.ts";
import { currentTree } from "../current-tree.ts";
import { imageDirectories } from "../image-directories.ts";

/** Images that are defined, or that the engine has; attacks of `rbuild serve`; fingerprints of the tree's `keys/`. */
export type NameKind = "definitions" | "images" | "attacks" | "certificates";

const MAX_INDEX_BYTES = 4 * 2 ** 20;

/** What a shell offers for a name, in order. Whatever cannot be read is not offered: nobody reads messages while typing. */
export async function knownNames(kind: NameKind, engineRoot: string): Promise<string[]> {
  switch (kind) {
    case "definitions":
      return definedNames(imageDirectories());
    case "images":
      return (await imageNames(join(engineRoot, "image", "index.json"))).sort();
    case "attacks":
      return ["list", ...Object.keys((await import("../../rbuild/repository/serve/attack/attacks.ts")).ATTACKS)].sort();
    case "certificates":
      return fingerprints(join(currentTree(), "keys"));
    default:
      return kind satisfies never;
  }
}

async function fingerprints(directory: string): Promise<string[]> {
  const names = await readdir(directory).catch(() => []);
  return names.flatMap((name) => /^([0-9A-F]{40,64})\.asc$/i.exec(name)?.[1] ?? []).sort();
}

/** Names in an OCI image layout: opening the engine for them would take longer than a key may. */
async function imageNames(path: string): Promise<string[]> {
  try {
    if ((await stat(path)).size > MAX_INDEX_BYTES) return [];
    const { manifests } = JSON.parse(await readFile(path, "utf8")) as { readonly manifests?: readonly { readonly annotations?: Record<string, string> }[] };
    return (manifests ?? []).flatMap(({ annotations }) => annotations?.["org.opencontainers.image.ref.name"] ?? []);
  } catch {
    return [];
  }
}
