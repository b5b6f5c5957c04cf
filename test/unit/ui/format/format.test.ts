import { expect, it } from "vitest";
import { cleanLine, formatBytes, formatDuration } from "../../../../src/ui/format/index.ts";

it.each([
  [0, "0 B"],
  [999, "999 B"],
  [1000, "1.0 kB"],
  [9949, "9.9 kB"],
  [9951, "10 kB"],
  [999_499, "999 kB"],
  [999_500, "1.0 MB"],
  [263_000_000, "263 MB"],
  [4_700_000_000, "4.7 GB"],
])("shows %d bytes as %s", (bytes, text) => expect(formatBytes(bytes)).toBe(text));

it.each([
  [0, "0.0s"],
  [349, "0.3s"],
  [59_940, "59.9s"],
  [59_960, "1m00s"],
  [245_000, "4m05s"],
  [3_599_600, "1h00m"],
  [3_720_000, "1h02m"],
])("shows %d milliseconds as %s", (milliseconds, text) => expect(formatDuration(milliseconds)).toBe(text));

it("takes what could move the cursor out of a line, and bounds it", () => {
  expect(cleanLine("a\tb\u001b[2J\u001b]0;title\u0007c\r\nd")).toBe("a bc d");
  expect(cleanLine("x".repeat(5000))).toHaveLength(2001);
  expect(cleanLine("日本語 é")).toBe("日本語 é");
});
