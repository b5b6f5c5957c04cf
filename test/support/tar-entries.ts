import { byteString, type TarInput, tarHeader, writeTar } from "../../src/system/index.ts";

export const file = (path: string, content = "", fields: Partial<TarInput> = {}): TarInput => ({
  ...tarHeader({ path: byteString(path), kind: "file", mode: 0o644, size: Buffer.byteLength(content), ...fields }),
  body: [Buffer.from(content)],
});

export const entry = (path: string, kind: TarInput["kind"], fields: Partial<TarInput> = {}): TarInput =>
  tarHeader({ path: byteString(path), kind, mode: 0o755, ...fields });

export async function tarOf(entries: readonly TarInput[]): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(writeTar(entries)));
}

export async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
