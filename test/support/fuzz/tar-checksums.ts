const BLOCK = 512;

/** An archive in which every block that looks like a header has the checksum of one. */
export function restoreChecksums(bytes: Buffer): Buffer {
  const archive = Buffer.from(bytes);
  for (let at = 0; at + BLOCK <= archive.byteLength; at += BLOCK) {
    const block = archive.subarray(at, at + BLOCK);
    if (block.toString("latin1", 257, 262) !== "ustar") continue;
    block.fill(" ", 148, 156);
    const sum = block.reduce((total, byte) => total + byte, 0);
    block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  }
  return archive;
}
