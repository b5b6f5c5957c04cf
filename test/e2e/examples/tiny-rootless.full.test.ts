import { chmod, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { run } from "../../../src/system/index.ts";
import { copyExample, sha256 } from "../../support/example-tree.ts";
import { fillTestPool, TEST_POOL } from "../../support/image-pool.ts";
import { rootlessUser } from "../../support/rootless-user.ts";
import { scratchDirectory } from "../../support/scratch.ts";

test("a user without root builds examples/tiny to the bytes that are known", { timeout: 1_200_000 }, async () => {
  for (const image of ["builder", "apt-cacher-ng"]) await fillTestPool(image);
  const user = await rootlessUser(await scratchDirectory());
  await using tree = await copyExample("tiny");
  await chmod(dirname(tree.directory), 0o755);
  await run("chown", ["-R", `${user.uid}:${user.uid}`, tree.directory]);
  const built = await user.run(["--rootless", "-C", tree.directory, "iso", "--pool", TEST_POOL, "--output", join(user.home, "out")]);
  expect(built.exitCode, built.stderr.slice(-3000)).toBe(0);
  const known = await readFile(join(import.meta.dirname, "tiny.iso.sha256"), "utf8");
  expect(`${await sha256(join(user.home, "out/tiny.iso"))}  tiny.iso\n`).toBe(known);
});
