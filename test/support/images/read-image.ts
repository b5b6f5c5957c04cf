import type Docker from "dockerode";
import { readTar, type TarEntryKind, textOf } from "../../../src/system/tar/index.ts";

export interface ImageEntry {
  readonly kind: TarEntryKind;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds since 1970. */
  readonly mtime: number;
  readonly link: string;
  /** Of regular files up to 256 KiB, else empty. */
  readonly text: string;
}

/** The whole file system of an image, by path relative to the root; directories without closing slash. */
export async function readImage(docker: Docker, image: string): Promise<Map<string, ImageEntry>> {
  const container = await docker.createContainer({ Image: image, Entrypoint: ["/none"], HostConfig: { NetworkMode: "none" } });
  try {
    const found = new Map<string, ImageEntry>();
    for await (const entry of readTar((await container.export()) as AsyncIterable<Uint8Array> & NodeJS.ReadableStream)) {
      const text = entry.kind === "file" && entry.size <= 262_144 ? Buffer.concat(await Array.fromAsync(entry.body)).toString("utf8") : "";
      const { kind, mode, uid, gid, mtime } = entry;
      found.set(textOf(entry.path).replace(/^\.\//, "").replace(/\/$/, ""), { kind, mode, uid, gid, mtime: mtime.seconds, link: textOf(entry.linkPath), text });
    }
    return found;
  } finally {
    await container.remove();
  }
}
