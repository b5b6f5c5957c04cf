import { mkdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { fillTestPool, TEST_POOL } from "../../support/image-pool.ts";
import { type CommandRun, jsonLines, rbuild } from "../../support/rbuild-command.ts";
import { scratchDirectory } from "../../support/scratch.ts";
import { type MountedDirectory, mountFilesystem, mountView } from "../../support/variation/filesystems.ts";
import { type HostVariation, NEXT_YEAR_HOST, NIGHT_HOST } from "../../support/variation/hosts.ts";

const root = resolve(import.meta.dirname, "../../..");
const GIB = 2 ** 30;

/** Everything about a host that could reach an image's bytes, all at once. */
interface Variation extends HostVariation {
  readonly store: "ext4" | "xfs" | "btrfs" | "tmpfs";
  /** How the checkout is seen; also another path. */
  readonly checkout: "overlay" | "disorderfs";
}

const NIGHT: Variation = { store: "xfs", checkout: "disorderfs", ...NIGHT_HOST };
const NEXT_YEAR: Variation = { store: "tmpfs", checkout: "overlay", ...NEXT_YEAR_HOST };
const OTHER_DISKS: readonly Variation[] = [
  { ...NIGHT, store: "btrfs", checkout: "overlay" },
  { ...NEXT_YEAR, store: "ext4", checkout: "disorderfs" },
];

const isFull = process.env["RBUILD_TEST_FULL"] === "1";

describe.each(isFull ? ["base", "builder", "apt-cacher-ng"] : ["base"])("the image %s", (name) => {
  test.each(isFull ? [NIGHT, NEXT_YEAR, ...OTHER_DISKS] : [NIGHT, NEXT_YEAR])(
    "has its pinned digest on $store, from a checkout on $checkout, with another clock, time zone, locale, umask, host, user, CPU count and path",
    async (variation) => {
      const pin = JSON.parse(await readFile(join(root, "images", name, "image.pin.json"), "utf8")) as { readonly digest: string };
      const built = await build(name, variation);
      expect(built.exitCode, built.stderr).toBe(0);
      const result = jsonLines(built.stdout).find((line) => line["kind"] === "result");
      expect(result).toMatchObject({ data: [{ digest: pin.digest }] });
    },
  );
});

async function build(name: string, { store, checkout, wrapper, environment }: Variation): Promise<CommandRun> {
  await fillTestPool(name);
  const disk = ended(await mountFilesystem(store, 8 * GIB));
  const view = ended(await mountView(checkout, root));
  const work = await scratchDirectory();
  const engineRoot = join(disk.directory, "engine");
  await mkdir(engineRoot, { mode: 0o700 });
  return rbuild(["image", "build", name, "--force", "--json", "--offline", "--pool", TEST_POOL, "--engine-root", engineRoot, "--run-root", join(work, "run")], {
    launcher: join(view.directory, "bin/rbuild"),
    prefix: wrapper,
    env: environment,
    cwd: work,
  });
}

function ended<T extends MountedDirectory>(mounted: T): T {
  onTestFinished(() => mounted[Symbol.asyncDispose]());
  return mounted;
}
