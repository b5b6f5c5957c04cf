import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { logIn, runOnConsole } from "../../support/console-session.ts";
import { buildExample, copyExample, type ExampleTree, sha256 } from "../../support/example-tree.ts";
import { bootIso } from "../../support/qemu.ts";
import { mountView } from "../../support/variation/filesystems.ts";
import { ELSEWHERE } from "../../support/variation/hosts.ts";

// Builds take minutes: `make test-full` alone runs these.
describe("examples/live", () => {
  let tree: ExampleTree;

  beforeAll(async () => {
    tree = await copyExample("live");
    await buildExample(tree);
  });

  afterAll(async () => {
    await tree[Symbol.asyncDispose]();
  });

  test("its packages are those of its lock", async () => {
    const manifest = JSON.parse(await readFile(join(tree.output, "rbuild-manifest.json"), "utf8")) as Readonly<Record<string, unknown>>;
    expect(manifest).toMatchObject({ publishable: true, lock: { locked: true } });
  });

  test("a second build elsewhere, with another clock, host name, time zone, locale, umask, path and order of directories, and one CPU, has the same bytes", async () => {
    await using other = await copyExample("live", "somewhere/else");
    await using view = await mountView("disorderfs", other.directory);
    await buildExample({ ...other, directory: view.directory }, ELSEWHERE);
    expect(await sha256(join(other.output, "live-amd64.iso"))).toBe(await sha256(join(tree.output, "live-amd64.iso")));
  });

  test.each(["bios", "uefi"] as const)("the ISO boots by %s from its CD to a login prompt, and the system works", async (firmware) => {
    await using machine = await bootIso(join(tree.output, "live-amd64.iso"), { firmware, timeout: 400_000 });
    await logIn(machine, "user", "live");
    expect(await runOnConsole(machine, "about-this-image")).toMatch(/^COMMIT=[0-9a-f]{40}$/);
    expect(await runOnConsole(machine, "sudo id -u")).toBe("0");
    expect(await runOnConsole(machine, "systemctl is-enabled systemd-networkd")).toBe("enabled");
    expect(await runOnConsole(machine, "/usr/sbin/getcap /usr/bin/ping")).toBe("/usr/bin/ping cap_net_raw=ep");
    expect(await runOnConsole(machine, "grep -rhs '^[^#]*://' /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources")).toBe(
      "",
    );
  });
});
