import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { expect, test, vi } from "vitest";
import { COMPATIBILITY_VERSION } from "../../../src/rbuild/images/compatibility.ts";
import { type KnownDigests, knownDirectory } from "../../known-digests/known-images.ts";
import { fillTestPool, TEST_POOL } from "../../support/image-pool.ts";
import { type CommandRun, jsonLines } from "../../support/rbuild-command.ts";
import { type RootlessUser, rootlessUser } from "../../support/rootless-user.ts";
import { scratchDirectory } from "../../support/scratch.ts";

const root = resolve(import.meta.dirname, "../../..");
const isFull = process.env["RBUILD_TEST_FULL"] === "1";
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
  await expectNoProcess(user);

  const offline = ["image", "build", "base", "--force", "--offline", "--pool", TEST_POOL];
  const killed = [
    ["run", "--network", "none", reference, "sleep", "1000"],
    ["-C", user.checkout, ...offline],
  ];
  for (const args of isFull ? killed : killed.slice(0, 1)) {
    await killInContainer(user, ["--rootless", ...args]);
    expect(await readdir(join(engineOf(user), "containers"))).not.toEqual([]);
    expect((await user.run(["--rootless", "engine", "fsck"])).stdout).toContain("all sound");
    await expectNoProcess(user);
    for (const place of ["containers", "ingest"]) expect(await readdir(join(engineOf(user), place))).toEqual([]);
    expect((await user.run(["--rootless", "run", "--network", "none", reference, "echo", "sound"])).stdout).toBe("sound\n");
  }
});

/** A monitor ends a moment after its container; what is of no use any more is removed in the background. */
const expectNoProcess = (user: RootlessUser) => expect.poll(() => user.processes(), { timeout: 20_000 }).toEqual([]);

const engineOf = ({ home }: RootlessUser) => join(home, ".local/share/rbuild/engine");

/** SIGKILL for the command, and what it started in its group, while a container of it runs. */
async function killInContainer(user: RootlessUser, args: readonly string[]): Promise<void> {
  const child = user.start(args);
  const ended = once(child, "exit");
  await vi.waitUntil(async () => (await user.processes()).some((line) => line.includes("conmon")), { timeout: 120_000, interval: 20 });
  process.kill(-child.pid!, "SIGKILL");
  expect(await ended).toEqual([null, "SIGKILL"]);
  expect(await user.processes()).not.toEqual([]);
}

test.each(isFull ? ["builder", "apt-cacher-ng"] : [])("a user without root builds %s to its pinned digest", { timeout: 1800_000 }, async (name) => {
  await fillTestPool(name);
  const user = await rootlessUser(await scratchDirectory());
  const pin = JSON.parse(await readFile(join(root, "images", name, "image.pin.json"), "utf8")) as { digest: string };
  const built = await user.run(["--rootless", "--json", "-C", user.checkout, "image", "build", name, "--offline", "--pool", TEST_POOL]);
  expect(imagesOf(built).at(-1)!.digest).toBe(pin.digest);
  await expectNoProcess(user);
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
