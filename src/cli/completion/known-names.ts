import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { definedNames } from "../../rbuild/definition/defined-names.ts";
import { imageDirectories } from "../image-directories.ts";

/** Images that are defined, or that the engine has; attacks of `rbuild serve`. */
export type NameKind = "definitions" | "images" | "attacks";

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
    default:
      return kind satisfies never;
  }
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
