import { chmod, mkdir, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { digestOf } from "../../../../../src/oci/index.ts";
import { readOwnFile } from "../../../../../src/rbuild/images/additions/additions.ts";
import { readContext, readContextFiles, writeContext } from "../../../../../src/rbuild/images/steps/build-context.ts";
import { run } from "../../../../../src/system/index.ts";
import { show, temporaryDirectory } from "../support.ts";

async function directory(): Promise<string> {
  const path = join(await temporaryDirectory(), "image");
  await mkdir(path);
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

test("nothing outside of a definition's directory gets into the context, wherever links lead", async () => {
  const path = await directory();
  await mkdir(join(path, "../outside"));
  await writeFile(join(path, "../outside/secret"), "");
  for (const [name, target] of Object.entries({ out: "../outside", self: "." })) await symlink(target, join(path, name));
  expect(Object.keys(await readContext(path))).toEqual(["Dockerfile", "link", "out", "self", "sub", "sub/run"]);
});

test("a pipe is no file of an image, and nobody waits for what is written to it", async () => {
  const path = await directory();
  await run("mkfifo", [join(path, "pipe")]);
  await expect(readContextFiles(path, ["pipe"])).rejects.toMatchObject({ code: "image.file-missing" });
  await expect(readOwnFile(path, "pipe")).rejects.toMatchObject({ code: "file.not-regular" });
  await symlink("circle", join(path, "circle"));
  await expect(readContextFiles(path, ["circle"])).rejects.toMatchObject({ code: "image.file-missing" });
  await expect(readOwnFile(path, "circle")).rejects.toMatchObject({ code: "image.file-missing" });
});
