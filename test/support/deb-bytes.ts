import { gzipSync } from "node:zlib";
import type { TarInput } from "../../src/system/index.ts";
import { file, tarOf } from "./tar-entries.ts";

/** An ar(5) archive of the members, in their order. */
export function arOf(members: readonly (readonly [name: string, content: Uint8Array])[]): Buffer {
  const parts = members.flatMap(([name, content]) => {
    const header = `${name.padEnd(16)}${"0".padEnd(12)}${"0".padEnd(6)}${"0".padEnd(6)}${"100644".padEnd(8)}${String(content.byteLength).padEnd(10)}\`\n`;
    return [Buffer.from(header, "latin1"), content, Buffer.from(content.byteLength % 2 === 1 ? "\n" : "")];
  });
  return Buffer.concat([Buffer.from("!<arch>\n"), ...parts]);
}

export const DEBIAN_BINARY = ["debian-binary", Buffer.from("2.0\n")] as const;

/** A small package with gzip members, made without dpkg-deb. */
export async function debOf(data: readonly TarInput[], control = "Package: tiny\nVersion: 1\nArchitecture: all\n"): Promise<Buffer> {
  const [controlTar, dataTar] = await Promise.all([tarOf([file("./control", control)]), tarOf(data)]);
  return arOf([DEBIAN_BINARY, ["control.tar.gz", gzipSync(controlTar)], ["data.tar.gz", gzipSync(dataTar)]]);
}
