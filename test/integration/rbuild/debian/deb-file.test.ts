import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { withDeb } from "../../../../src/rbuild/debian/deb-file.ts";
import { readTool, run, textOf } from "../../../../src/system/index.ts";
import { scratchDirectory } from "../../../support/scratch.ts";

async function buildDeb(directory: string, compression: string): Promise<string> {
  const root = join(directory, `root-${compression}`);
  await mkdir(join(root, "DEBIAN"), { recursive: true });
  await mkdir(join(root, "usr/share/doc/tiny"), { recursive: true });
  await writeFile(join(root, "DEBIAN/control"), "Package: tiny\nVersion: 1.0\nArchitecture: all\nMaintainer: T <t@example.org>\nDescription: tiny\n");
  await writeFile(join(root, "DEBIAN/postinst"), "#!/bin/sh\nexit 0\n", { mode: 0o755 });
  await writeFile(join(root, "usr/share/doc/tiny/data"), Buffer.alloc(3_000_000, "words and words\n"));
  const path = join(directory, `${compression}.deb`);
  await run("dpkg-deb", ["--root-owner-group", `-Z${compression}`, "--build", root, path]);
  return path;
}

test.each(["xz", "gzip", "zstd", "none"])("reads what dpkg-deb packs with %s", async (compression) => {
  const path = await buildDeb(await scratchDirectory(), compression);
  const found = await withDeb(createReadStream(path), async ({ control, data }) => {
    const files = [];
    for await (const { path: name, size, body } of data) {
      const hash = createHash("sha256");
      for await (const chunk of body) hash.update(chunk);
      files.push([textOf(name), size, hash.digest("hex")]);
    }
    return { control: control.get("control")?.content.toString(), mode: control.get("postinst")?.mode, files };
  });
  expect(found.control).toBe((await run("dpkg-deb", ["--field", path])).stdout);
  expect(found.mode).toBe(0o755);
  const sha256 = createHash("sha256").update(Buffer.alloc(3_000_000, "words and words\n")).digest("hex");
  expect(found.files.at(-1)).toEqual(["./usr/share/doc/tiny/data", 3_000_000, sha256]);
  const listed = Buffer.concat(await Array.fromAsync(readTool("dpkg-deb", ["--contents", path]))).toString();
  expect(found.files.map(([name]) => name)).toEqual(
    listed
      .trimEnd()
      .split("\n")
      .map((line) => line.split(/\s+/)[5]),
  );
});
