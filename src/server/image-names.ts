import { matchesGlob } from "node:path";
import { parseReference, type Reference, referenceName, withDefaultTag } from "../oci/index.ts";

/** What Docker's clients write before names that have no registry in them, in some requests and not in others. */
const IMPLIED_PREFIX = /^(?:index\.)?docker\.io\/(?:library\/)?(?=.)/;

/** An image's name as a person says it: the registry that Docker's clients think of is left out, because here there is none. */
export const familiarName = (text: string): string => text.replace(IMPLIED_PREFIX, "");

/** `repo` and `tag` of a query as one reference; undefined when there is no repo. A digest or tag may already be in `repo`. */
export function referenceOf(repo: string | undefined, tag: string | undefined): Reference | undefined {
  if (repo === undefined) return undefined;
  const name = familiarName(repo);
  return withDefaultTag(parseReference(tag === undefined ? name : tag.startsWith("sha256:") ? `${name}@${tag}` : `${name}:${tag}`));
}

/** Docker's reference filter: a glob over name and tag, over the name alone, or over its last part. */
export function matchesReference(reference: string, glob: string): boolean {
  const pattern = familiarName(glob);
  const name = referenceName(parseReference(reference));
  return [reference, name, name.slice(name.lastIndexOf("/") + 1)].some((text) => text === pattern || matchesGlob(text, pattern));
}
