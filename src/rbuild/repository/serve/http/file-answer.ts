import type { OpenedFile } from "../files/open-files.ts";
import type { Answer, Asked } from "./answer.ts";
import { readRange } from "./byte-range.ts";
import { isRangeAllowed, judgeConditions } from "./conditions.ts";

interface Represented {
  /** Strong, with its quotes. */
  readonly etag: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A file, a part of it, or why not: conditions first, then the range. Takes the file over. */
export function fileAnswer(asked: Asked, file: OpenedFile, representation: Represented): Answer {
  const planned = planAnswer(asked, file.size, representation);
  if (planned.part) return { ...planned, body: { kind: "file", file, ...planned.part } };
  file[Symbol.dispose]();
  return { ...planned, body: { kind: "bytes", bytes: planned.text } };
}

/** The same of bytes in memory. */
export function bytesAnswer(asked: Asked, bytes: Uint8Array, representation: Represented): Answer {
  const { part, text, ...planned } = planAnswer(asked, bytes.byteLength, representation);
  return { ...planned, body: { kind: "bytes", bytes: part ? bytes.subarray(part.start, part.start + part.length) : text } };
}

interface Planned extends Omit<Answer, "body"> {
  /** What is sent of it; otherwise the text is. */
  readonly part?: { readonly start: number; readonly length: number };
  readonly text: Uint8Array;
}

const NOTHING = new Uint8Array();

function planAnswer({ method, headers: asked }: Asked, size: number, representation: Represented): Planned {
  const { etag } = representation;
  const headers = { ...representation.headers, ETag: etag, "Accept-Ranges": "bytes" };
  switch (judgeConditions(asked, etag)) {
    case "not-modified":
      return { status: 304, headers, text: NOTHING };
    case "failed":
      return { status: 412, headers: PLAIN, text: Buffer.from("the file is another one\n") };
    case "met":
  }
  // A range is a part of what GET gives, and of nothing else: RFC 9110, 14.2.
  const range = method === "GET" && isRangeAllowed(asked, etag) ? readRange(asked.range, size) : { kind: "whole" as const };
  switch (range.kind) {
    case "whole":
      return { status: 200, headers, part: { start: 0, length: size }, text: NOTHING };
    case "part": {
      const { start, length } = range;
      return { status: 206, headers: { ...headers, "Content-Range": `bytes ${start}-${start + length - 1}/${size}` }, part: { start, length }, text: NOTHING };
    }
    case "refused":
      return { status: 416, headers: { ...PLAIN, "Content-Range": `bytes */${size}` }, text: Buffer.from(`${range.why}\n`) };
    default:
      return range satisfies never;
  }
}

const PLAIN = { "Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store" };
