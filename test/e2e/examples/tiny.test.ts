import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { logIn, runOnConsole } from "../../support/console-session.ts";
import { buildExample, copyExample, type ExampleTree, sha256 } from "../../support/example-tree.ts";
import { bootIso } from "../../support/qemu.ts";
import { mountView } from "../../support/variation/filesystems.ts";
import { ELSEWHERE } from "../../support/variation/hosts.ts";

let tree: ExampleTree;

beforeAll(async () => {
  tree = await copyExample("tiny");
  await buildExample(tree);
});

afterAll(async () => {
  await tree[Symbol.asyncDispose]();
});

// Debian's archive, the builder image and the commit's time are fixed: any machine gets these bytes. `vitest -u` after a change of the tree.
test("the ISO has the digest that is written down", async () => {
  await expect(`${await sha256(join(tree.output, "tiny.iso"))}  tiny.iso\n`).toMatchFileSnapshot("tiny.iso.sha256");
});

test("a second build elsewhere, with another clock, host name, time zone, locale, umask, path and order of directories, and one CPU, has the same bytes", async () => {
  await using other = await copyExample("tiny", "somewhere/else");
  await using view = await mountView("disorderfs", other.directory);
  await buildExample({ ...other, directory: view.directory }, ELSEWHERE);
  expect(await sha256(join(other.output, "tiny.iso"))).toBe(await sha256(join(tree.output, "tiny.iso")));
  expect(await sha256(join(other.output, "tiny.packages"))).toBe(await sha256(join(tree.output, "tiny.packages")));
});

test.each(["bios", "uefi"] as const)("the ISO boots by %s from its CD to a login prompt, and the system works", async (firmware) => {
  await using machine = await bootIso(join(tree.output, "tiny.iso"), { firmware });
  await logIn(machine, "root");
  expect(await runOnConsole(machine, "cat /etc/hostname")).toBe("tiny");
  expect(await runOnConsole(machine, "grep -c ' / overlay ' /proc/mounts")).toBe("1");
  expect(await runOnConsole(machine, "dpkg-query --show base-files")).toMatch(/^base-files\s+12\./);
});
