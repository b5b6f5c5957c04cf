import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { entriesBelow } from "../../../src/system/entries-below.ts";
import { temporaryDirectory } from "../rbuild/images/support.ts";

test("links to directories are told and not gone through, in circles neither", async () => {
  const path = await temporaryDirectory();
  await mkdir(join(path, "tree/sub/empty"), { recursive: true });
  await mkdir(join(path, "outside"));
  await writeFile(join(path, "outside/secret"), "");
  await writeFile(join(path, "tree/sub/file"), "");
  for (const [name, target] of Object.entries({ outside: "../outside", self: ".", other: ".", nowhere: "gone" }))
    await symlink(target, join(path, "tree", name));
  const found = (await entriesBelow(join(path, "tree"))).map((entry) => `${entry.parentPath.slice(path.length)}/${entry.name}`);
  expect(found.sort()).toEqual(["nowhere", "other", "outside", "self", "sub", "sub/empty", "sub/file"].map((name) => `/tree/${name}`));
});
