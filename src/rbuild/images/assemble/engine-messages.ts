import { StringDecoder } from "node:string_decoder";

/** One line of what `/build`, `/images/create` and `/images/load` answer with. */
export interface EngineMessage {
  readonly stream?: string;
  readonly status?: string;
  readonly error?: string;
  readonly aux?: { readonly ID?: string };
}

const MAX_MESSAGE_CHARACTERS = 1024 * 1024;

/** Reads an engine's answer to its end. Lines that are not JSON are skipped. */
export async function* readEngineMessages(answer: AsyncIterable<Uint8Array | string>): AsyncGenerator<EngineMessage, void, undefined> {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  for await (const chunk of answer) {
    rest += typeof chunk === "string" ? chunk : decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > MAX_MESSAGE_CHARACTERS) rest = "";
    yield* lines.flatMap(parse);
  }
  yield* parse(rest);
}

function parse(line: string): EngineMessage[] {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? [value] : [];
  } catch {
    return [];
  }
}
