import { type ByteReader, RbuildError } from "../../system/index.ts";

/** One member of an ar(5) archive. */
export interface ArMember {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Read it before the next member is asked for, or not at all: what is left is skipped. */
  readonly body: AsyncIterable<Buffer>;
}

const MAGIC = "!<arch>\n";
const HEADER_BYTES = 60;

/**
 * The members of an archive in their order, by deb(5): plain names of up to 16 characters, a closing `/` dropped.
 * @throws RbuildError `package.malformed`, `package.truncated`
 */
export async function* readAr(reader: ByteReader): AsyncGenerator<ArMember, void, undefined> {
  const magic = await reader.take(MAGIC.length);
  if (magic?.toString("latin1") !== MAGIC) throw malformedPackage("it is no ar archive");
  for (;;) {
    const at = reader.position;
    const header = await reader.take(HEADER_BYTES);
    if (header === undefined) return;
    const { name, size } = parseHeader(header.toString("latin1"), at);
    const state = { left: size };
    yield { name, size, body: bodyOf(reader, state) };
    const left = state.left;
    // A body that is asked for later has nothing.
    state.left = 0;
    await reader.skip(left);
    // Members start at even bytes. The last one's padding may be missing.
    if (size % 2 === 1) await reader.some(1);
  }
}

function parseHeader(text: string, at: number): { name: string; size: number } {
  const sizeText = text.slice(48, 58).trimEnd();
  const name = text.slice(0, 16).trimEnd().replace(/\/$/, "");
  if (text.slice(58) !== "`\n" || !/^[0-9]{1,10}$/.test(sizeText)) throw malformedPackage(`there is no member header at byte ${at}`);
  if (!/^[A-Za-z0-9._+-]+$/.test(name)) throw malformedPackage(`the member at byte ${at} has the name ${JSON.stringify(name)}`);
  return { name, size: Number(sizeText) };
}

async function* bodyOf(reader: ByteReader, state: { left: number }): AsyncGenerator<Buffer, void, undefined> {
  while (state.left > 0) {
    const piece = await reader.some(state.left);
    if (piece === undefined) throw truncatedPackage(reader.position);
    state.left -= piece.byteLength;
    yield piece;
  }
}

export function malformedPackage(reason: string, cause?: unknown): RbuildError {
  return new RbuildError("package.malformed", `the Debian package is malformed: ${reason}`, {
    category: "invalid",
    hint: "get the package again, or another build of it",
    ...(cause === undefined ? {} : { cause }),
  });
}

/** For a ByteReader over a package. */
export function truncatedPackage(at: number): RbuildError {
  return new RbuildError("package.truncated", `the Debian package ends at byte ${at}, before its last member does`, {
    category: "invalid",
    hint: "get the package again: a part of it is missing",
    details: { at },
  });
}
