import { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { createGzip } from "node:zlib";
import { decodeArmor, encodeArmor } from "../../../trust/openpgp/armor.ts";
import type { Answer, Asked } from "../http/answer.ts";
import type { Attack } from "./attacks.ts";
import { writeAndReset, writeHugeHeaders, writeInjection, writeWithoutLength } from "./raw-answers.ts";
import { packetBomb } from "./signed/packet-bomb.ts";
import { bytesOf, endlessZeros, flipBit, half, lengthOf, paced, zeros } from "./streams.ts";

/** Makes another answer of an honest one. */
export type Alter = (answer: Answer, asked: Asked) => Answer;

const MEBIBYTE = 2 ** 20;
const GIBIBYTE = 2 ** 30;

/** Attacks on the way: the right file, not as it is. */
export const ALTERATIONS: Readonly<Partial<Record<Attack, Alter>>> = {
  "oversize-signature": (answer, { path }) => (path.endsWith(".asc") ? streamed(released(answer), zeros(64 * MEBIBYTE), 64 * MEBIBYTE) : answer),
  "several-armours": (answer, { path }) => (path.endsWith(".asc") ? withBytes(answer, (bytes) => Buffer.concat([bytes, bytes])) : answer),
  "extra-packets": (answer, { path }) => (path.endsWith(".asc") ? withBytes(answer, withMarker) : answer),
  "packet-bomb": (answer, { path }) => (path.endsWith(".asc") ? withBytes(answer, () => Buffer.from(packetBomb("SIGNATURE"))) : answer),
  bitflip: (answer, { path }) => (/^\/(?:blobs|encoded|deltas|locks|pool|v2)\//.test(path) ? flipped(answer) : answer),
  "bitflip-metadata": (answer, { path }) =>
    /^\/(?:root|freshness|index|verdicts|current)[/.]/.test(path) && path.endsWith(".json") ? flipped(answer) : answer,
  swap: (answer) => (answer.status === 206 ? streamed(released(answer), zeros(lengthOf(answer.body)), lengthOf(answer.body)) : answer),
  truncate: (answer) => streamed(answer, cutAfter(half(answer.body)), lengthOf(answer.body)),
  short: (answer) => streamed(answer, half(answer.body), Math.floor(lengthOf(answer.body) / 2)),
  longer: (answer) => streamed(answer, joined(bytesOf(answer.body), zeros(MEBIBYTE)), lengthOf(answer.body) + MEBIBYTE),
  endless: (answer) => streamed(answer, joined(bytesOf(answer.body), endlessZeros()), 8 * 2 ** 40),
  "no-length": (answer) => ({ ...answer, body: { kind: "takeover", run: (socket) => writeWithoutLength(socket, answer) } }),
  "chunked-forever": (answer) => streamed(answer, joined(bytesOf(answer.body), endlessZeros()), undefined),
  slow: (answer) => streamed(answer, paced(bytesOf(answer.body), 1, 1_000), lengthOf(answer.body)),
  stall: (answer) => streamed(released(answer), silence(), lengthOf(answer.body)),
  bomb: (answer) => {
    const bomb = Readable.from(zeros(8 * GIBIBYTE), { objectMode: false }).pipe(createGzip()) as AsyncIterable<Uint8Array>;
    return { ...streamed(released(answer), bomb, undefined), headers: { ...answer.headers, "Content-Encoding": "gzip" } };
  },
  "range-lie": (answer) => {
    const [, first, last, size] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(answer.headers["Content-Range"] ?? "") ?? [];
    if (first === undefined) return answer;
    return { ...answer, headers: { ...answer.headers, "Content-Range": `bytes ${Number(first) + 1}-${Number(last) + 1}/${Number(size) + 1}` } };
  },
  "header-injection": (answer) => ({ ...released(answer), body: { kind: "takeover", run: writeInjection } }),
  "huge-headers": (answer) => ({ ...released(answer), body: { kind: "takeover", run: writeHugeHeaders } }),
  reset: (answer, { path }) => (isAskedAgain(path) ? answer : { ...answer, body: { kind: "takeover", run: (socket) => writeAndReset(socket, answer) } }),
};

function streamed(answer: Answer, chunks: AsyncIterable<Uint8Array>, length: number | undefined): Answer {
  return { ...answer, body: { kind: "stream", chunks, length } };
}

/** A marker packet behind the signatures: RFC 9580, 5.8. */
function withMarker(signature: Uint8Array): Uint8Array {
  const packets = decodeArmor(Buffer.from(signature).toString("latin1"), "SIGNATURE");
  if (typeof packets === "string") return signature;
  return Buffer.from(encodeArmor(Buffer.concat([packets, Buffer.from([0xca, 3, 0x50, 0x47, 0x50])]), "SIGNATURE"));
}

const resets = new Set<string>();

/** Every second time. */
function isAskedAgain(path: string): boolean {
  return resets.delete(path) || !resets.add(path);
}

/** Of small files. */
function withBytes(answer: Answer, change: (bytes: Uint8Array) => Uint8Array): Answer {
  if (answer.body.kind !== "bytes") return answer;
  return { ...answer, body: { kind: "bytes", bytes: change(answer.body.bytes) } };
}

function flipped(answer: Answer): Answer {
  return streamed(answer, flipBit(bytesOf(answer.body), Math.floor(lengthOf(answer.body) / 2)), lengthOf(answer.body));
}

/** Its file is not needed. */
function released(answer: Answer): Answer {
  if (answer.body.kind === "file") answer.body.file[Symbol.dispose]();
  return answer;
}

async function* joined(...parts: readonly AsyncIterable<Uint8Array>[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield* part;
}

async function* cutAfter(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* chunks;
  await delay(50);
  throw new Error("cut");
}

/** Until the client goes, or the server is tired of it. */
async function* silence(): AsyncGenerator<Uint8Array> {
  await delay(600_000, undefined, { ref: false });
  yield* zeros(1);
}
