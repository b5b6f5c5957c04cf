import type { IncomingMessage } from "node:http";
import { z } from "zod";
import { RbuildError } from "../../system/index.ts";
import { uploaded } from "./upload.ts";

/** Limit of a JSON body. The largest real ones hold a seccomp profile. */
export const MAX_JSON_BYTES = 4 * 1024 * 1024;

/**
 * The body as JSON that fits the schema. No body at all is read as `null`.
 * @throws RbuildError `server.body-too-large`, `server.body-not-json`, `server.body-invalid`
 */
export async function readJson<T>(request: IncomingMessage, schema: z.ZodType<T>): Promise<T> {
  const bytes = await readAll(request);
  if (bytes.byteLength > 0) requireJsonType(request);
  return checkBody(bytes.byteLength === 0 ? null : parse(bytes), schema);
}

/** @throws RbuildError `server.body-invalid` */
export function checkBody<T>(value: unknown, schema: z.ZodType<T>): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new RbuildError(
    "server.body-invalid",
    `the request body${issue?.path.length ? `, ${issue.path.join(".")}` : ""}: ${issue?.message ?? "has the wrong form"}`,
    {
      category: "invalid",
    },
  );
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of uploaded(request)) {
    size += chunk.byteLength;
    if (size > MAX_JSON_BYTES) throw new RbuildError("server.body-too-large", `the request body has over ${MAX_JSON_BYTES} bytes`, { category: "invalid" });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function requireJsonType(request: IncomingMessage): void {
  const type = request.headers["content-type"] ?? "";
  if (type.split(";")[0]?.trim().toLowerCase() === "application/json") return;
  throw new RbuildError("server.body-not-json", `Content-Type specified (${type}) must be 'application/json'`, { category: "invalid" });
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch (error) {
    throw new RbuildError("server.body-not-json", `the request body is not JSON: ${error instanceof Error ? error.message : String(error)}`, {
      category: "invalid",
      cause: error,
    });
  }
}

/** The pieces request schemas are made of. Docker takes `null` for anything left out, so all of them do. */
export const lenient = {
  text: z
    .string()
    .nullish()
    .transform((value) => value ?? ""),
  flag: z
    .boolean()
    .nullish()
    .transform((value) => value ?? false),
  number: z
    .number()
    .nullish()
    .transform((value) => value ?? 0),
  texts: z
    .array(z.string())
    .nullish()
    .transform((value) => value ?? []),
  /** A text that stands for a list of one. Undefined is kept apart from an empty list. */
  words: z
    .union([z.string().transform((value) => [value]), z.array(z.string())])
    .nullish()
    .transform((value) => value ?? undefined),
  record: z
    .record(z.string(), z.string())
    .nullish()
    .transform((value) => value ?? {}),
  /** Docker's sets: the keys count, the values are `{}` or null. */
  keys: z
    .record(z.string(), z.unknown())
    .nullish()
    .transform((value) => Object.keys(value ?? {})),
};
