import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { RBUILD, rbuild } from "../../support/rbuild-command.ts";
import { scratchDirectory } from "../../support/scratch.ts";

const version = { exitCode: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), stderr: "" };

it("runs from any folder", async () => {
  expect(await rbuild(["--version"], { cwd: "/" })).toEqual(version);
});

it("runs through symbolic links, in folders with spaces and quotes in their names", async () => {
  const folder = await scratchDirectory();
  const link = join(folder, "it's a link");
  await symlink(RBUILD, join(folder, "first"));
  await symlink("first", link);
  expect(await rbuild(["--version"], { launcher: link, cwd: folder })).toEqual(version);
});

it("runs in a checkout whose path has spaces", async () => {
  const folder = await scratchDirectory();
  await symlink(join(RBUILD, "../.."), join(folder, "my checkout"));
  // A bind mount makes the path real: readlink -f resolves links away.
  const script = 'mkdir "$1/a checkout" && mount --bind "$2" "$1/a checkout" && exec "$1/a checkout/bin/rbuild" --version';
  const prefix = ["unshare", "--mount", "sh", "-ec", script, "sh", folder];
  expect(await rbuild([], { prefix, launcher: join(RBUILD, "../..") })).toEqual(version);
});

it("needs no more of the environment than a login without one has", async () => {
  expect(await rbuild(["--version"], { prefix: ["env", "-i"] })).toEqual(version);
});

it("says what to do in a checkout that is not set up", async () => {
  const folder = await scratchDirectory();
  const script = 'mkdir -p "$1/bin" && cp "$2" "$1/bin/rbuild" && exec "$1/bin/rbuild" --version';
  const { exitCode, stderr } = await rbuild([], { prefix: ["sh", "-ec", script, "sh", folder] });
  expect({ exitCode, stderr }).toEqual({ exitCode: 7, stderr: expect.stringContaining(`make -C ${folder} setup`) });
});

it("names the package that the pinned Node wants", async () => {
  const folder = await scratchDirectory();
  const script = `
    mkdir "$1/upper" "$1/work"
    libraries=/usr/lib/$(uname -m)-linux-gnu
    mount -t overlay overlay -o "lowerdir=$libraries,upperdir=$1/upper,workdir=$1/work" "$libraries"
    rm "$libraries"/libatomic.so.1*
    exec "$2" --version`;
  const { exitCode, stderr } = await rbuild([], { prefix: ["unshare", "--mount", "sh", "-ec", script, "sh", folder] });
  expect({ exitCode, stderr }).toEqual({ exitCode: 7, stderr: expect.stringContaining("apt-get install libatomic1") });
});
