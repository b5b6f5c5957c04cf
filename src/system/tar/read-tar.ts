import { ByteReader } from "./byte-reader.ts";
import type { ByteString } from "./byte-string.ts";
import { EntryBody } from "./entry-body.ts";
import { applyRecords, type Extended, isExtension, readExtension } from "./extended-header.ts";
import { BLOCK, isZeroBlock, paddingOf, parseHeaderBlock } from "./header-block.ts";
import { malformed, TAR_LIMITS, type TarLimits, truncated } from "./limits.ts";
import type { PaxRecord } from "./pax-records.ts";
import { entryKind, isHeaderOnly, resolveHeader } from "./resolve-header.ts";
import { checkSparseMap, isSparseKey, paxSparseNumbers, readOldGnuMap, readPaxSparse1, type SparseMap } from "./sparse-map.ts";
import type { TarEntry } from "./tar-entry.ts";

/**
 * The members of a tar archive in ustar, PAX, GNU or pre-POSIX format, in their order. Sparse files of every GNU format come out in one
 * form. The archive may end without its trailer; what follows a trailer is read and ignored.
 * @throws RbuildError `tar.malformed`, `tar.truncated`, `tar.limit-exceeded`
 */
export async function* readTar(
  source: AsyncIterable<Uint8Array>,
  options: { readonly limits?: Partial<TarLimits> } = {},
): AsyncGenerator<TarEntry, void, undefined> {
  const limits = { ...TAR_LIMITS, ...options.limits };
  await using reader = new ByteReader(source);
  const globals = new Map<ByteString, ByteString>();
  let extended: Extended = {};
  for (;;) {
    const at = reader.position;
    const block = await reader.take(BLOCK);
    if (block === undefined) break;
    if (isZeroBlock(block)) {
      const second = await reader.take(BLOCK);
      if (second !== undefined && !isZeroBlock(second)) throw malformed("a lone zero block is followed by more", at);
      await reader.drain();
      break;
    }
    const raw = parseHeaderBlock(block, at);
    if (isExtension(raw.typeflag)) {
      extended = await readExtension(raw, reader, globals, extended, limits);
      continue;
    }
    const records = extended.records ?? [];
    const pax = records.length === 0 ? globals : applyRecords(new Map(globals), records);
    const { header, storedSize } = resolveHeader(raw, extended, pax, limits, at);
    const { sparse, dataSize } =
      raw.typeflag === "S" ? await oldGnu(block, reader, storedSize, limits) : await paxSparse(records, pax, reader, storedSize, limits);
    const body = new EntryBody(reader, isHeaderOnly(raw.typeflag) ? 0 : dataSize);
    yield { ...header, kind: entryKind(raw, header.path), size: body.remaining, ...(sparse ? { sparse } : {}), body };
    await body.abandon();
    await reader.skip(paddingOf(body.size));
    extended = {};
  }
  if (extended.records !== undefined || extended.longName !== undefined) throw truncated(reader.position);
}

interface Stored {
  readonly sparse?: SparseMap;
  readonly dataSize: number;
}

async function oldGnu(block: Buffer, reader: ByteReader, storedSize: number, limits: TarLimits): Promise<Stored> {
  return { sparse: await readOldGnuMap(block, reader, storedSize, limits), dataSize: storedSize };
}

async function paxSparse(
  records: readonly PaxRecord[],
  pax: ReadonlyMap<ByteString, ByteString>,
  reader: ByteReader,
  storedSize: number,
  limits: TarLimits,
): Promise<Stored> {
  if (!records.some(([key]) => isSparseKey(key))) return { dataSize: storedSize };
  const at = reader.position;
  const realSize = Number(pax.get("GNU.sparse.realsize" as ByteString) ?? pax.get("GNU.sparse.size" as ByteString) ?? Number.NaN);
  if (!Number.isSafeInteger(realSize) || realSize < 0) throw malformed("a sparse file has no size", at);
  if (pax.get("GNU.sparse.major" as ByteString) === "1") {
    const { numbers, bytes } = await readPaxSparse1(reader, storedSize, limits);
    return { sparse: checkSparseMap(numbers, realSize, storedSize - bytes, at), dataSize: storedSize - bytes };
  }
  return { sparse: checkSparseMap(paxSparseNumbers(records, limits, at), realSize, storedSize, at), dataSize: storedSize };
}
