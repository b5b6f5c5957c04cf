import { type Digest, isDigest } from "./digest.ts";
import { OciFormatError } from "./errors.ts";

/**
 * A reference as the distribution project defines it: `[domain/]path[:tag][@digest]`.
 * `domain` is undefined for a bare name such as `rbuild/base`; nothing here ever adds a public registry to it.
 */
export interface Reference {
  readonly domain?: string;
  /** Repository path without domain: lower-case components joined by `/`. */
  readonly path: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

const COMPONENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const DOMAIN =
  /^(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?$/;
const MAX_NAME_LENGTH = 255;

/** @throws OciFormatError */
export function parseReference(text: string): Reference {
  const invalid = (why: string) => new OciFormatError("reference", `${JSON.stringify(text.slice(0, 300))}: ${why}`);
  if (text === "") throw invalid("it is empty");
  let rest = text;
  let digest: Digest | undefined;
  const at = rest.indexOf("@");
  if (at !== -1) {
    const candidate = rest.slice(at + 1);
    if (!isDigest(candidate)) throw invalid("what follows @ is not sha256:<64 lower-case hex>");
    digest = candidate;
    rest = rest.slice(0, at);
  }
  let tag: string | undefined;
  const colon = rest.lastIndexOf(":");
  if (colon > rest.lastIndexOf("/")) {
    tag = rest.slice(colon + 1);
    rest = rest.slice(0, colon);
    if (!TAG.test(tag)) throw invalid(`the tag ${JSON.stringify(tag)} has characters a tag cannot have, or over 128 of them`);
  }
  if (rest.length > MAX_NAME_LENGTH) throw invalid(`the name is over ${MAX_NAME_LENGTH} characters`);
  const components = rest.split("/");
  const first = components[0] ?? "";
  let domain: string | undefined;
  if (components.length > 1 && (first.includes(".") || first.includes(":") || first === "localhost" || first !== first.toLowerCase())) {
    if (!DOMAIN.test(first)) throw invalid(`${JSON.stringify(first)} is not a registry's host name`);
    domain = first;
    components.shift();
  }
  for (const component of components) {
    if (!COMPONENT.test(component)) throw invalid(`the name part ${JSON.stringify(component)} must be lower-case letters and digits joined by . _ or -`);
  }
  return { ...(domain ? { domain } : {}), path: components.join("/"), ...(tag ? { tag } : {}), ...(digest ? { digest } : {}) };
}

/** `domain/path`, without tag and digest. */
export function referenceName(reference: Reference): string {
  return reference.domain ? `${reference.domain}/${reference.path}` : reference.path;
}

/** The reference as text, exactly as it is: no default tag is added. */
export function referenceText(reference: Reference): string {
  return `${referenceName(reference)}${reference.tag ? `:${reference.tag}` : ""}${reference.digest ? `@${reference.digest}` : ""}`;
}

/** The same reference with tag `latest` when it has neither tag nor digest. */
export function withDefaultTag(reference: Reference): Reference {
  return reference.tag || reference.digest ? reference : { ...reference, tag: "latest" };
}
