import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import type { CapsuleVerdict, CreatedCapsule } from "../../../src/rbuild/index.ts";
import { run } from "../../../src/system/index.ts";
import { buildExample, copyExample, sha256 } from "../../support/example-tree.ts";
import { type CommandRun, jsonLines, rbuild } from "../../support/rbuild-command.ts";

const dataOf = ({ stdout }: CommandRun): unknown => jsonLines(stdout).at(-1)?.["data"];

// Builds base image, builder, package proxy and ISO anew: `make test-full` alone runs it.
test("examples/tiny is rebuilt from its capsule in a network namespace with nothing in it: the images and the ISO are the same", async () => {
  await using tree = await copyExample("tiny");
  await buildExample(tree);
  const directory = dirname(tree.output);
  const file = join(directory, "tiny.capsule.tar");
  const created = await rbuild(["--json", "-C", tree.directory, "capsule", "create", file, "--output", tree.output]);
  expect(created.exitCode, created.stderr).toBe(0);
  const { artifacts } = dataOf(created) as CreatedCapsule;
  expect(artifacts?.find(({ path }) => path === "tiny.iso")?.digest).toBe(`sha256:${await sha256(join(tree.output, "tiny.iso"))}`);

  await run("tar", ["-xf", file, "-C", directory]);
  const away = ["unshare", "--net", "env", "-i", `PATH=${process.env["PATH"]}`, "HOME=/root"];
  const output = join(directory, "rebuilt");
  const rebuilt = await rbuild(["--json", "--output", output], { prefix: away, launcher: join(directory, "capsule/build"), cwd: directory });
  expect(rebuilt.exitCode, rebuilt.stdout.slice(-3000)).toBe(0);
  const { kind, images } = dataOf(rebuilt) as CapsuleVerdict;
  expect(kind).toBe("identical");
  expect(images.map(({ name }) => name)).toEqual(["base", "builder", "apt-cacher-ng"]);
  expect(await readFile(join(output, "tiny.iso"))).toEqual(await readFile(join(tree.output, "tiny.iso")));
});
