import { chown, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { digestOf } from "../../../../../src/oci/index.ts";
import { readPin, writePin } from "../../../../../src/rbuild/images/pin/pin-file.ts";
import { temporaryDirectory } from "../support.ts";

const pin = { name: "base", version: "1", architecture: "amd64", digest: digestOf("manifest"), imageId: digestOf("config") };

test("a pin is written once and read back", async () => {
  const directory = await temporaryDirectory();
  expect(await readPin(directory)).toBeUndefined();
  expect(await writePin(directory, pin)).toBe(true);
  expect(await readPin(directory)).toEqual(pin);
  expect(await writePin(directory, pin)).toBe(false);
  expect(await readFile(join(directory, "image.pin.json"), "utf8")).toMatch(/^\{\n {2}"name": "base",\n[^]*\n\}\n$/);
});

test.runIf(process.getuid?.() === 0)("a pin that root writes belongs to whom the definition belongs", async () => {
  const directory = await temporaryDirectory();
  await chown(directory, 1234, 2345);
  await writePin(directory, pin);
  expect(await stat(join(directory, "image.pin.json"))).toMatchObject({ uid: 1234, gid: 2345 });
});

test.each([
  ["no JSON", "{"],
  ["a digest that is none", JSON.stringify({ ...pin, imageId: "sha256:abc" })],
  ["a field too many", JSON.stringify({ ...pin, trusted: true })],
])("a pin with %s is refused, and replaced when it is written again", async (_, text) => {
  const directory = await temporaryDirectory();
  await writeFile(join(directory, "image.pin.json"), text);
  await expect(readPin(directory)).rejects.toMatchObject({ code: "image.pin-invalid" });
  expect(await writePin(directory, pin)).toBe(true);
});
