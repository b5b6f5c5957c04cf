import { mkdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { receiveContext } from "../../../src/engine/build/context/receive-context.ts";
import { RootWriter } from "../../../src/engine/build/files/root-writer.ts";
import { unpackTar } from "../../../src/engine/build/files/unpack-tar.ts";
import { byteString } from "../../../src/system/index.ts";
import { expectAsGnuTar } from "../../support/breakout/gnu-tar.ts";
import { guardedPlace } from "../../support/breakout/guarded-place.ts";
import { tryAll } from "../../support/breakout/try-all.ts";
import { once } from "../../support/tar-entries.ts";

/** What is there before, with a link that another layer made. */
function prepare(directory: string, outside: string): void {
  mkdirSync(join(directory, "below"), { recursive: true });
  symlinkSync(outside, join(directory, "below/link"));
}

/** Links that lead out of the directory and stay in the root: GNU tar knows no root. */
const IN_ROOT: ReadonlySet<string> = new Set(["a link one up, and a file through it", "a chain of links, each one up"]);

test("archives that ADD unpacks into an image", async () => {
  const place = await guardedPlace();
  const image = join(place.target, "image");
  const outcomes = await tryAll(place, async (archive) => {
    rmSync(image, { recursive: true, force: true });
    prepare(join(image, "work"), place.outside);
    using writer = new RootWriter(image);
    await unpackTar(once(archive.tar), writer, byteString("work"), { maxBytes: 100_000_000, what: "it" });
    writer.finish();
    if (IN_ROOT.has(archive.name)) return;
    await expectAsGnuTar(archive, join(image, "work"), join(place.target, "reference"), (reference) => prepare(reference, place.outside));
  });
  await expect(outcomes).toMatchFileSnapshot("expected/add.txt");
});

test("build contexts", async () => {
  const place = await guardedPlace();
  const context = join(place.target, "context");
  const outcomes = await tryAll(place, async ({ tar }) => {
    rmSync(context, { recursive: true, force: true });
    await receiveContext(once(tar), context, {});
  });
  await expect(outcomes).toMatchFileSnapshot("expected/context.txt");
});
