export type ByteRange =
  | { readonly kind: "whole" }
  /** First byte and number of bytes, at least one. */
  | { readonly kind: "part"; readonly start: number; readonly length: number }
  | { readonly kind: "refused"; readonly why: string };

/**
 * What a `Range` header asks for of `size` bytes: RFC 9110, 14.1.2 and 14.2. A header of another unit or of another form is ignored, as
 * it is to be. Several ranges are refused: no client of a repository needs them, and they are how little is made to cost much.
 */
export function readRange(header: string | undefined, size: number): ByteRange {
  const [, list] = /^bytes=(.*)$/i.exec(header ?? "") ?? [];
  if (list === undefined) return { kind: "whole" };
  const parts = list
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
  if (parts.length > 1) return { kind: "refused", why: "one range at a time" };
  const [, first = "", last = ""] = /^(\d{0,15})-(\d{0,15})$/.exec(parts[0] ?? "") ?? [];
  if (first === "" && last === "") return { kind: "whole" };
  if (first === "") {
    const length = Math.min(Number(last), size);
    return length === 0 ? beyond(size) : { kind: "part", start: size - length, length };
  }
  const start = Number(first);
  const end = last === "" ? size - 1 : Math.min(Number(last), size - 1);
  if (last !== "" && Number(last) < start) return { kind: "whole" };
  return start >= size ? beyond(size) : { kind: "part", start, length: end - start + 1 };
}

const beyond = (size: number): ByteRange => ({ kind: "refused", why: `there are ${size} bytes` });
