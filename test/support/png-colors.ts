import { inflateSync } from "node:zlib";

/** How many pixels of a PNG have each colour, as `#rrggbb`. Eight bits a channel, not interlaced: what browsers write. PNG specification, 9 */
export function colorsOf(png: Buffer): ReadonlyMap<string, number> {
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];
  const channels = png[25] === 6 ? 4 : 3;
  const data: Buffer[] = [];
  for (let at = 8; at < png.byteLength; ) {
    const length = png.readUInt32BE(at);
    if (png.toString("latin1", at + 4, at + 8) === "IDAT") data.push(png.subarray(at + 8, at + 8 + length));
    at += length + 12;
  }
  const bytes = inflateSync(Buffer.concat(data));
  const stride = width * channels;
  const counts = new Map<string, number>();
  let above = Buffer.alloc(stride);
  for (let row = 0; row < height; row++) {
    const line = Buffer.from(bytes.subarray(row * (stride + 1) + 1, (row + 1) * (stride + 1)));
    unfilter(bytes[row * (stride + 1)] ?? 0, line, above, channels);
    for (let at = 0; at < stride; at += channels) {
      const color = `#${line.toString("hex", at, at + 3)}`;
      counts.set(color, (counts.get(color) ?? 0) + 1);
    }
    above = line;
  }
  return counts;
}

function unfilter(type: number, line: Buffer, above: Buffer, channels: number): void {
  for (let at = 0; at < line.byteLength; at++) {
    const left = at < channels ? 0 : (line[at - channels] ?? 0);
    const up = above[at] ?? 0;
    const corner = at < channels ? 0 : (above[at - channels] ?? 0);
    const predicted = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][type] ?? 0;
    line[at] = ((line[at] ?? 0) + predicted) & 0xff;
  }
}

function paeth(left: number, up: number, corner: number): number {
  const guess = left + up - corner;
  const [byLeft, byUp, byCorner] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - corner)];
  if (byLeft <= byUp && byLeft <= byCorner) return left;
  return byUp <= byCorner ? up : corner;
}
