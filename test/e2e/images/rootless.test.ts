import { readFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { expect, test } from "vitest";
import { COMPATIBILITY_VERSION } from "../../../src/rbuild/images/compatibility.ts";
import { run } from "../../../src/system/index.ts";
import { type KnownDigests, knownDirectory } from "../../known-digests/known-images.ts";
import { fillTestPool, TEST_POOL } from "../../support/image-pool.ts";
import { type CommandRun, jsonLines } from "../../support/rbuild-command.ts";
import { rootlessUser } from "../../support/rootless-user.ts";
import { scratchDirectory } from "../../support/scratch.ts";

const root = resolve(import.meta.dirname, "../../..");
const known = knownDirectory(COMPATIBILITY_VERSION);

const imagesOf = ({ exitCode, stdout, stderr }: CommandRun) => {
  expect(exitCode, stderr).toBe(0);
  const result = jsonLines(stdout).find(({ kind }) => kind === "result") as { data: readonly { digest: string; reference: string }[] };
  return result.data;
};

test("a user without root builds the base image to its pinned digest, runs it, and leaves nothing running", { timeout: 300_000 }, async () => {
  await fillTestPool("base");
  const scratch = await scratchDirectory();
  const user = await rootlessUser(scratch);
  const pin = JSON.parse(await readFile(join(root, "images/base/image.pin.json"), "utf8")) as { digest: string };
  const built = await user.run(["--rootless", "--json", "-C", user.checkout, "image", "build", "base", "--offline", "--pool", TEST_POOL]);
  const [{ digest, reference } = { digest: "", reference: "" }] = imagesOf(built);
  expect(digest).toBe(pin.digest);
  const inside = await user.run(["--rootless", "run", "--network", "none", reference, "sh", "-c", "id -u; cat /proc/net/dev | wc -l; exit 7"]);
  expect(inside).toEqual({ exitCode: 7, stdout: "0\n3\n", stderr: "" });
  const bridged = await user.run(["--rootless", "run", reference, "true"]);
  expect(bridged.stderr).toContain("[network.not-permitted]");
  expect((await user.run(["--rootless", "engine", "fsck"])).stdout).toContain("all sound");
  const { stdout } = await run("sh", ["-c", 'ps -eo args | grep -F "$1" | grep -v grep; :', "sh", scratch]);
  expect(stdout.split("\n").filter((line) => !line.includes("sh -c") && line !== "")).toEqual([]);
});

test.runIf(process.arch === "x64")("small locks give a user without root the digests that are known", async () => {
  const user = await rootlessUser(await scratchDirectory());
  const digests = JSON.parse(await readFile(join(known, "digests.json"), "utf8")) as KnownDigests;
  const tree = join(user.checkout, relative(root, known));
  const built = await user.run(["--rootless", "--json", "-C", tree, "image", "build", ...Object.keys(digests), "--offline", "--pool", "pool"]);
  expect(imagesOf(built).map(({ digest }) => digest)).toEqual(Object.values(digests));
});

test("without subordinate ids it is said which command gives them", async () => {
  const user = await rootlessUser(await scratchDirectory(), { hasSubordinateIds: false });
  const { exitCode, stderr } = await user.run(["--rootless", "image", "list"]);
  expect(exitCode).toBe(7);
  expect(stderr).toContain("[host.no-user-namespace]");
  expect(stderr).toContain("usermod --add-subuids");
});
