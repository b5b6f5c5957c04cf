import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { digestOf } from "../../../../../src/oci/index.ts";
import { archiveCheck } from "../../../../../src/rbuild/images/steps/apt-setup.ts";
import { explainStepFailure } from "../../../../../src/rbuild/images/steps/step-failure.ts";
import { run } from "../../../../../src/system/index.ts";
import { temporaryDirectory } from "../support.ts";

test.each([
  ["mirror.unreachable", "Err:1 http://m.example bookworm InRelease\n  Could not resolve 'm.example'"],
  ["mirror.unreachable", "  Unable to connect to m.example:http:"],
  ["image.no-space", "dpkg: error: cannot copy extracted data: failed to write (No space left on device)"],
  ["image.archive-untrusted", "W: GPG error: http://m.example bookworm InRelease: The following signatures couldn't be verified: NO_PUBKEY 0E98404D386FA1D9"],
  ["image.step-failed", "E: Unable to locate package no-such-package"],
])("%s is told from what the tools print", (code, output) => {
  expect(explainStepFailure("do it", 100, output.split("\n"))).toMatchObject({ code, hint: expect.any(String) });
});

test("a long line is cut in the message and whole in the details", () => {
  const error = explainStepFailure("do it", 1, ["x".repeat(5000)]);
  expect(error.message.length).toBeLessThan(400);
  expect(error.details["lines"]).toEqual(["x".repeat(5000)]);
});

async function checkArchive(inRelease: string | undefined, expected: string) {
  const root = await temporaryDirectory();
  await mkdir(join(root, "var/lib/apt/lists"), { recursive: true });
  if (inRelease !== undefined) await writeFile(join(root, "var/lib/apt/lists/m.example_debian_dists_bookworm_InRelease"), inRelease);
  const script = archiveCheck({
    suite: "bookworm",
    components: ["main"],
    variant: "minbase",
    packages: [],
    archive: { version: "1", inRelease: digestOf(expected) },
  });
  return run("sh", ["-c", script, "check", root], { okCodes: [0, 1] });
}

const STATE = "Origin: Debian\nVersion: 12.16\nDate: Sat, 11 Jul 2026 10:16:37 UTC\n";

test("the archive that a definition was written for passes", async () => {
  expect(await checkArchive(STATE, STATE)).toMatchObject({ exitCode: 0, stdout: "" });
});

test("another state of the archive is told with its version and date", async () => {
  const { exitCode, stdout } = await checkArchive(STATE, "other");
  expect(exitCode).toBe(1);
  const error = explainStepFailure("bootstrap", 1, stdout.split("\n"));
  expect(error).toMatchObject({ code: "image.archive-moved", details: { version: "12.16", found: digestOf(STATE) } });
  expect(error.message).toContain("version 12.16, made Sat, 11 Jul 2026 10:16:37 UTC");
});

test("an archive without InRelease is told", async () => {
  const { stdout } = await checkArchive(undefined, "other");
  expect(explainStepFailure("bootstrap", 1, stdout.split("\n"))).toMatchObject({
    code: "image.archive-moved",
    message: expect.stringContaining("it has no InRelease"),
  });
});
