import { type BigIntStats, constants, lstatSync, readdirSync, readlinkSync } from "node:fs";
import { type ByteString, byteString, bytesOf, isSystemError, O_PATH, openInRoot, openPath } from "../../../system/index.ts";
import { componentExpression } from "../context/dockerignore.ts";

/** A file as it lies in a source: its place relative to what is copied, and on the host. */
export interface SourceFile {
  /** Empty for what is copied itself. */
  readonly path: ByteString;
  readonly absolute: Buffer;
  readonly stat: BigIntStats;
}

const hasWildcard = (pattern: string): boolean => /[*?[]/.test(pattern);

/**
 * Where files are copied from: a build context or the mounted root of a stage. Links on the way to a source and at its end are followed inside
 * the root alone; links below it are files of their own.
 */
export class SourceTree {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  /** The paths a source argument stands for, relative to the root, sorted; empty when there are none. */
  matches(source: string): readonly ByteString[] {
    const parts = cleanParts(source);
    if (!parts.some(hasWildcard)) return this.#real(parts.join("/")) === undefined ? [] : [byteString(parts.join("/"))];
    let found: readonly ByteString[] = ["" as ByteString];
    for (const part of parts) found = found.flatMap((directory) => this.#matchesIn(directory, part));
    return found.toSorted(compareBytes);
  }

  #matchesIn(directory: ByteString, part: string): readonly ByteString[] {
    const join = (name: ByteString): ByteString => (directory === "" ? name : `${directory}/${name}`) as ByteString;
    if (!hasWildcard(part)) {
      const path = join(byteString(part.replace(/\\(.)/g, "$1")));
      return this.#real(path) === undefined ? [] : [path];
    }
    const expression = new RegExp(`^${componentExpression(part)}$`, "s");
    const real = this.#real(directory);
    if (real === undefined || !lstatSync(real).isDirectory()) return [];
    const names = readdirSync(real, { encoding: "buffer" });
    return names.filter((name) => expression.test(name.toString("utf8"))).map((name) => join(byteString(name)));
  }

  /** The file at a path that `matches` gave and, when it is a directory, everything below it, parents first, sorted. */
  *walk(path: ByteString): Generator<SourceFile, void, undefined> {
    const absolute = this.#real(path);
    if (absolute !== undefined) yield* walkFrom(absolute, "" as ByteString);
  }

  /** The place on the host that a path leads to, or undefined. */
  #real(path: ByteString | string): Buffer | undefined {
    try {
      using root = openPath(this.#root, O_PATH | constants.O_DIRECTORY);
      using opened = openInRoot(root, path === "" ? "." : bytesOf(path as ByteString), O_PATH);
      return readlinkSync(opened.path, { encoding: "buffer" });
    } catch (error) {
      if (isSystemError(error, "ENOENT", "ENOTDIR", "ELOOP")) return undefined;
      throw error;
    }
  }
}

function* walkFrom(absolute: Buffer, path: ByteString): Generator<SourceFile, void, undefined> {
  const stat = lstatSync(absolute, { bigint: true });
  yield { path, absolute, stat };
  if (!stat.isDirectory()) return;
  const names = readdirSync(absolute, { encoding: "buffer" }).map((name) => byteString(name));
  for (const name of names.toSorted(compareBytes)) {
    yield* walkFrom(Buffer.concat([absolute, Buffer.from("/"), bytesOf(name)]), (path === "" ? name : `${path}/${name}`) as ByteString);
  }
}

/** Parts of a path below the root: no path leads above it. */
function cleanParts(source: string): readonly string[] {
  const parts: string[] = [];
  for (const part of source.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return parts;
}

export const compareBytes = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
