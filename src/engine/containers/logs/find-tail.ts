import type { FileHandle } from "node:fs/promises";

const BLOCK = 64 * 1024;
const NEWLINE = 10;
/** Longest head of a record: time, stream and tag. */
const HEAD = 64;

/**
 * Where the last `lines` lines of a log of records begin, in bytes. A line may take several records (`P … P F`); what a process has written
 * without a newline at its end counts as a line. Reads the file backwards, block by block.
 */
export async function findTail(file: FileHandle, size: number, lines: number): Promise<number> {
  let found = 0;
  let next = size;
  for await (const { offset, head } of recordsBackwards(file, size)) {
    const isLast = next === size;
    if (isLast || isLineEnd(head)) {
      if (found === lines) return next;
      found++;
    }
    next = offset;
  }
  return 0;
}

async function* recordsBackwards(file: FileHandle, size: number): AsyncGenerator<{ readonly offset: number; readonly head: Buffer }> {
  let later: Buffer = Buffer.alloc(0);
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - BLOCK);
    const block = Buffer.alloc(end - start);
    await file.read(block, 0, block.byteLength, start);
    const bytes = Buffer.concat([block, later]);
    for (let at = block.byteLength - 1; at >= 0; at--) {
      if (block[at] === NEWLINE && start + at + 1 < size) yield { offset: start + at + 1, head: bytes.subarray(at + 1, at + 1 + HEAD) };
    }
    later = bytes.subarray(0, HEAD);
    end = start;
  }
  if (size > 0) yield { offset: 0, head: later };
}

function isLineEnd(head: Buffer): boolean {
  return /^\S+ (?:stdout|stderr) F /.test(head.toString("latin1"));
}
