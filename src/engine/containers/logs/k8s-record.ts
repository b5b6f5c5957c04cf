import type { LogEntry } from "../container.ts";

/** conmon cuts output into records of 8 KiB or so; more in one record is not from it. */
export const MAX_RECORD_BYTES = 1024 * 1024;

const NEWLINE = 10;
const SPACE = 32;

export interface LogRecord extends LogEntry {
  /** False: the line goes on in the next record of its stream. */
  readonly isLineEnd: boolean;
}

/**
 * One line of the k8s-file format, without its newline: `<RFC 3339> stdout|stderr F|P <bytes>`. The newline of an F record is part of what
 * the process wrote, that of a P record is not. Undefined for what is not a record, such as one that a crash has cut.
 */
export function parseLogRecord(line: Buffer): LogRecord | undefined {
  const timeEnd = line.indexOf(SPACE);
  const streamEnd = line.indexOf(SPACE, timeEnd + 1);
  if (timeEnd < 0 || streamEnd < 0 || line[streamEnd + 2] !== SPACE) return undefined;
  const stream = line.toString("latin1", timeEnd + 1, streamEnd);
  const tag = line.toString("latin1", streamEnd + 1, streamEnd + 2);
  if ((stream !== "stdout" && stream !== "stderr") || (tag !== "F" && tag !== "P")) return undefined;
  const data = line.subarray(streamEnd + 3);
  return {
    stream,
    time: line.toString("latin1", 0, timeEnd).replace("+00:00", "Z"),
    data: tag === "F" ? Buffer.concat([data, Buffer.of(NEWLINE)]) : Buffer.from(data),
    isLineEnd: tag === "F",
  };
}

/** Cuts a stream of bytes into records. */
export class LogParser {
  #rest: Buffer = Buffer.alloc(0);

  *push(chunk: Buffer): Generator<LogRecord> {
    let bytes = this.#rest.byteLength === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE)) {
      const record = parseLogRecord(bytes.subarray(0, end));
      bytes = bytes.subarray(end + 1);
      if (record) yield record;
    }
    this.#rest = bytes.byteLength > MAX_RECORD_BYTES ? Buffer.alloc(0) : Buffer.from(bytes);
  }
}
