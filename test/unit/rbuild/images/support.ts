import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { byteString, readTar, type TarEntryKind, type TarHeader, type TarInput, tarHeader, textOf, writeTar } from "../../../../src/system/tar/index.ts";

export type Listed = readonly [
  path: string,
  kind: TarEntryKind,
  rest?: Partial<Omit<TarHeader, "path" | "kind" | "linkPath">> & { readonly content?: string; readonly link?: string },
];

/** A root file system as a tar, from a short list. Directories are 755, files 644, all of 1970. */
export function rootfs(list: readonly Listed[]): AsyncIterable<Uint8Array> {
  return writeTar(
    list.map(([path, kind, { content = "", link = "", ...rest } = {}]): TarInput => {
      const bytes = Buffer.from(content);
      const isDirectory = kind === "directory";
      return {
        ...tarHeader({
          path: byteString(isDirectory ? `${path}/` : path),
          kind,
          mode: isDirectory ? 0o755 : 0o644,
          size: bytes.byteLength,
          linkPath: byteString(link),
          ...rest,
        }),
        body: [bytes],
      };
    }),
  );
}

export interface Shown {
  readonly kind: TarEntryKind;
  readonly mode: number;
  readonly mtime: number;
  readonly content: string;
  readonly link: string;
  readonly xattrs: readonly string[];
}

/** The members of a tar by path, in order. */
export async function show(tar: AsyncIterable<Uint8Array>): Promise<Map<string, Shown>> {
  const members = new Map<string, Shown>();
  for await (const entry of readTar(tar)) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry.body) chunks.push(chunk);
    members.set(textOf(entry.path), {
      kind: entry.kind,
      mode: entry.mode,
      mtime: entry.mtime.seconds,
      content: Buffer.concat(chunks).toString(),
      link: textOf(entry.linkPath),
      xattrs: [...entry.pax.keys()],
    });
  }
  return members;
}

export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "rbuild-images-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}
