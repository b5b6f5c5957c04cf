import { mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { expect, test } from "vitest";
import { digestHex } from "../../../../src/oci/index.ts";
import { joinSignatures } from "../../../../src/rbuild/trust/openpgp/signature.ts";
import { isSameFile } from "../../../support/delta/layer-files.ts";
import { smallIso } from "../../../support/iso-delta/small-isos.ts";
import { jsonLines, rbuild } from "../../../support/rbuild-command.ts";
import { scratchDirectory } from "../../../support/scratch.ts";
import { testKey } from "../../../support/trust/test-keys.ts";
import { TestRepository } from "../../../support/trust/test-repository.ts";

test("a release manager makes a delta, and a user undoes it by a list that the publishers signed", async () => {
  const directory = await scratchDirectory();
  const [from, to] = [await smallIso(join(directory, "live-1.iso"), 1), await smallIso(join(directory, "live-2.iso"), 2)];
  const [delta, place] = [join(directory, "delta"), join(directory, "user")];
  await mkdir(place);
  const output = join(place, basename(to.path));
  const run = async (...words: string[]) => {
    const { exitCode, stdout } = await rbuild(["--json", "delta", ...words], { cwd: directory });
    return { exitCode, ...(jsonLines(stdout).at(-1) as { code?: string; data?: unknown }) };
  };

  const made = await run("make", from.path, to.path, "--output", delta, "--level", "1");
  expect(made).toMatchObject({ exitCode: 0, data: { from: { digest: from.digest }, to: { digest: to.digest }, blocks: { sent: 0 } } });
  expect(await run("show", delta)).toMatchObject({ exitCode: 0, data: { to: { digest: to.digest, size: to.size }, compressors: [{ kind: "zstd" }, {}] } });

  for (const words of [
    ["show", "none"],
    ["make", from.path, "none", "--output", delta],
    ["apply", "none", delta, "--output", output, "--expect", to.digest],
  ])
    expect(await run(...words)).toMatchObject({ exitCode: 2, code: "cli.invalid-value" });

  const apply = (...words: string[]) => run("apply", from.path, delta, "--output", output, ...words);
  expect(await apply()).toMatchObject({ exitCode: 2, code: "cli.invalid-value" });
  expect(await apply("--expect", "sha256:12")).toMatchObject({ exitCode: 2, code: "cli.invalid-value" });
  expect(await apply("--expect", from.digest)).toMatchObject({ exitCode: 5, code: "delta.not-expected" });

  const [publisher, stranger] = [await testKey("publisher"), await testKey("stranger")];
  const repository = new TestRepository();
  const role = { keys: [publisher], threshold: 1 };
  await repository.putRoot(1, { root: role, publisher: role, freshness: role }, [publisher]);
  for (const [path, bytes] of repository.files) {
    await mkdir(dirname(join(directory, "keys", path)), { recursive: true });
    await writeFile(join(directory, "keys", path), bytes);
  }
  const [sums, signature] = [join(directory, "SHA256SUMS"), join(directory, "SHA256SUMS.asc")];
  const signed = ["--sums", sums, "--signature", signature];
  const list = Buffer.from(`${digestHex(from.digest)}  live-1.iso\n${digestHex(to.digest)}  live-2.iso\n`);
  const put = async (bytes: Buffer, signer: typeof publisher, over = bytes) => {
    await writeFile(sums, bytes);
    await writeFile(signature, joinSignatures([await signer.sign(over)]));
  };
  await put(list, stranger);
  expect(await apply(...signed)).toMatchObject({ exitCode: 5, code: "trust.unknown-key" });
  await put(Buffer.from(list.toString().replaceAll("live-2", "live-3")), publisher, list);
  expect(await apply(...signed)).toMatchObject({ exitCode: 5, code: "trust.bad-signature" });
  await put(Buffer.concat([list, Buffer.from(`${digestHex(from.digest)}  live-2.iso\n`)]), publisher);
  expect(await apply(...signed)).toMatchObject({ exitCode: 2, code: "delta.unlisted" });
  await put(list, publisher);
  expect(await run("apply", from.path, delta, "--output", join(place, "other.iso"), ...signed)).toMatchObject({ exitCode: 2, code: "delta.unlisted" });
  // A list that is signed, and has the older release: a delta to the newer does not make that.
  expect(await run("apply", from.path, delta, "--output", join(place, "live-1.iso"), ...signed)).toMatchObject({ exitCode: 5, code: "delta.not-expected" });
  expect(await apply(...signed)).toMatchObject({ exitCode: 0, data: { path: output, digest: to.digest } });
  expect(await isSameFile(output, to.path)).toBe(true);
  expect((await readFile(sums)).equals(list)).toBe(true);
});
