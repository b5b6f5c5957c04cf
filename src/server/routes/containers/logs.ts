import type { LogEntry, LogOptions } from "../../../engine/index.ts";
import { RbuildError } from "../../../system/index.ts";
import { invalidParameter, type Query } from "../../http/query.ts";
import type { Handler } from "../../http/router.ts";
import { frameHeader, streamContentType } from "../../streams/frames.ts";

export const getLogs: Handler = async ({ params, query, version, signal }, { engine }) => {
  const id = params["id"] ?? "";
  const [stdout, stderr] = [query.flag("stdout"), query.flag("stderr")];
  if (!stdout && !stderr) throw new RbuildError("server.no-stream-chosen", "Bad parameters: you must choose at least one stream", { category: "invalid" });
  const tty = (await engine.containers.get(id)).spec.tty ?? false;
  const follow = query.flag("follow");
  const entries = engine.containers.logs(id, { stdout, stderr, follow, ...rangeOf(query), signal });
  return {
    kind: "bytes",
    contentType: streamContentType({ tty, minor: version.minor }),
    source: encodeLogs(entries, { framed: !tty, timestamps: query.flag("timestamps") }),
    flush: follow,
  };
};

function rangeOf(query: Query): Pick<LogOptions, "tail" | "since" | "until"> {
  const text = query.text("tail");
  const [since, until] = [query.timestamp("since"), query.timestamp("until")];
  if (text !== undefined && text !== "all" && !/^-?\d{1,12}$/.test(text)) throw invalidParameter("tail", text, "a number of lines or all");
  const tail = text === undefined || text === "all" || text.startsWith("-") ? {} : { tail: Number(text) };
  return { ...tail, ...(since === undefined ? {} : { since }), ...(until === undefined ? {} : { until }) };
}

/** Each line on its way out gets its time in front when wanted; an entry may be a part of a line or several lines. */
export async function* encodeLogs(
  entries: AsyncIterable<LogEntry>,
  options: { readonly framed: boolean; readonly timestamps: boolean },
): AsyncGenerator<Uint8Array> {
  const lineStarts = { stdout: true, stderr: true };
  for await (const { stream, time, data } of entries) {
    for (const part of options.timestamps ? splitLines(data) : [data]) {
      const stamped = options.timestamps && lineStarts[stream] ? Buffer.concat([Buffer.from(`${time} `), part]) : part;
      lineStarts[stream] = part.at(-1) === NEWLINE;
      yield options.framed ? Buffer.concat([frameHeader(stream, stamped.byteLength), stamped]) : stamped;
    }
  }
}

const NEWLINE = 0x0a;

function* splitLines(data: Uint8Array): Generator<Uint8Array> {
  for (let start = 0; start < data.byteLength; ) {
    const end = data.indexOf(NEWLINE, start);
    const next = end === -1 ? data.byteLength : end + 1;
    yield data.subarray(start, next);
    start = next;
  }
}
