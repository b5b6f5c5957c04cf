import { chmod, mkdir, rename, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { contextDigest, writeContext } from "../../../../../src/rbuild/images/steps/build-context.ts";
import { show, temporaryDirectory } from "../support.ts";

async function directory(): Promise<string> {
  const path = await temporaryDirectory();
  await mkdir(join(path, "sub"), { mode: 0o700 });
  await writeFile(join(path, "Dockerfile"), "FROM x\n", { mode: 0o600 });
  await writeFile(join(path, "sub/run"), "#!/bin/sh\n", { mode: 0o770 });
  await symlink("sub/run", join(path, "link"));
  for (const name of ["image.yaml", "image.pin.json", "notes~", "sub/.x.swp"]) await writeFile(join(path, name), "left out");
  return path;
}

test("owners, times and the umask of a checkout do not reach the context", async () => {
  const members = await show(await writeContext(await directory(), 1000));
  expect([...members].map(([path, { kind, mode, mtime }]) => [path, kind, mode, mtime])).toEqual([
    ["Dockerfile", "file", 0o644, 1000],
    ["link", "symlink", 0o777, 1000],
    ["sub/", "directory", 0o755, 1000],
    ["sub/run", "file", 0o755, 1000],
  ]);
});

test("the digest covers names, contents and executable bits, and nothing else", async () => {
  const path = await directory();
  const digest = await contextDigest(path);
  await utimes(join(path, "Dockerfile"), 5, 5);
  await chmod(join(path, "Dockerfile"), 0o644);
  await writeFile(join(path, "image.pin.json"), "another pin");
  expect(await contextDigest(path)).toBe(digest);
  await chmod(join(path, "sub/run"), 0o644);
  const withoutBit = await contextDigest(path);
  expect(withoutBit).not.toBe(digest);
  await rename(join(path, "sub/run"), join(path, "sub/walk"));
  expect(await contextDigest(path)).not.toBe(withoutBit);
});
