import { chmod, mkdir, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { digestOf } from "../../../../../src/oci/index.ts";
import { readContext, readContextFiles, writeContext } from "../../../../../src/rbuild/images/steps/build-context.ts";
import { show, temporaryDirectory } from "../support.ts";

async function directory(): Promise<string> {
  const path = await temporaryDirectory();
  await mkdir(join(path, "sub"), { mode: 0o700 });
  await writeFile(join(path, "Dockerfile"), "FROM x\n", { mode: 0o600 });
  await writeFile(join(path, "sub/run"), "#!/bin/sh\n", { mode: 0o770 });
  await symlink("sub/run", join(path, "link"));
  for (const name of ["image.yaml", "image.pin.json", "image.lock.json", "notes~", "sub/.x.swp"]) await writeFile(join(path, name), "left out");
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

test("a context is told by names, contents and executable bits, and nothing else", async () => {
  const path = await directory();
  const before = await readContext(path);
  expect(before).toEqual({
    Dockerfile: { kind: "file", executable: false, content: digestOf("FROM x\n") },
    link: { kind: "symlink", target: "sub/run" },
    sub: { kind: "directory" },
    "sub/run": { kind: "file", executable: true, content: digestOf("#!/bin/sh\n") },
  });
  await utimes(join(path, "Dockerfile"), 5, 5);
  await chmod(join(path, "Dockerfile"), 0o644);
  await writeFile(join(path, "image.pin.json"), "another pin");
  expect(await readContext(path)).toEqual(before);
  await chmod(join(path, "sub/run"), 0o644);
  expect(await readContext(path)).not.toEqual(before);
});

test("single files are told without the others, and one that is not there is an error", async () => {
  const path = await directory();
  expect(Object.keys(await readContextFiles(path, ["sub/run", "Dockerfile", "sub/run"]))).toEqual(["Dockerfile", "sub/run"]);
  await expect(readContextFiles(path, ["gone"])).rejects.toMatchObject({ code: "image.file-missing" });
});
