import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { MS, mount, unmount } from "../../../src/system/index.ts";
import { jsonLines, rbuild } from "../../support/rbuild-command.ts";
import { scratchDirectory } from "../../support/scratch.ts";

test("a place that cannot be written, or is none, is named with what mends it", async () => {
  const directory = await scratchDirectory();
  const [file, readOnly] = [join(directory, "file"), join(directory, "read-only")];
  await writeFile(file, "");
  await mkdir(readOnly);
  mount("tmpfs", readOnly, "tmpfs", MS.RDONLY, "size=64k");
  onTestFinished(() => void unmount(readOnly, { lazy: true }));
  const vendor = async (to: string) => {
    const { exitCode, stdout } = await rbuild(["image", "vendor", "base", "--offline", "--to", to, "--engine-root", join(directory, "engine"), "--json"]);
    return { exitCode, ...jsonLines(stdout).at(-1) };
  };
  expect(await vendor(join(readOnly, "pool"))).toMatchObject({
    exitCode: 7,
    code: "system.erofs",
    message: expect.stringContaining(join(readOnly, "pool")),
    hint: `work where something can be written: findmnt --target ${readOnly}`,
  });
  for (const to of [file, join(file, "pool")])
    expect(await vendor(to)).toMatchObject({
      exitCode: 3,
      code: "system.enotdir",
      message: expect.stringContaining(`${file} is none`),
      hint: expect.stringContaining(`ls -ld ${file}`),
    });
});
