import { matchesGlob } from "node:path";
import { parseReference, type Reference, referenceName, withDefaultTag } from "../oci/index.ts";

/** `repo` and `tag` of a query as one reference; undefined when there is no repo. A digest or tag may already be in `repo`. */
export function referenceOf(repo: string | undefined, tag: string | undefined): Reference | undefined {
  if (repo === undefined) return undefined;
  return withDefaultTag(parseReference(tag === undefined ? repo : tag.startsWith("sha256:") ? `${repo}@${tag}` : `${repo}:${tag}`));
}

/** Docker's reference filter: a glob over name and tag, over the name alone, or over its last part. */
export function matchesReference(reference: string, pattern: string): boolean {
  const name = referenceName(parseReference(reference));
  return [reference, name, name.slice(name.lastIndexOf("/") + 1)].some((text) => text === pattern || matchesGlob(text, pattern));
}
