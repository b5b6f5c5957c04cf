import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { findDefinition, listDefinitions, readDefinitions } from "../../../../src/rbuild/definition/find-definition.ts";

async function directoryWith(definitions: Readonly<Record<string, string>>): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "rbuild-definitions-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  for (const [name, text] of Object.entries(definitions)) {
    await mkdir(join(directory, name));
    await writeFile(join(directory, name, "image.yaml"), text);
  }
  return directory;
}

const base = 'name: base\nversion: "1"\nsuites: [{ suite: bookworm }]\n';
const top = 'name: top\nversion: "1"\nfrom: base\n';

test("the first directory wins, and all names are listed in order", async () => {
  const own = await directoryWith({ base: base.replace('"1"', '"own"') });
  const ours = await directoryWith({ top, base });
  expect((await findDefinition("base", [own, ours])).definition.version).toBe("own");
  expect((await listDefinitions([own, ours, "/nonexistent"])).map(({ definition }) => `${definition.name} ${definition.version}`)).toEqual([
    "base own",
    "top 1",
  ]);
});

test("a chain has the lowest image first", async () => {
  const chain = await readDefinitions("top", [await directoryWith({ base, top })]);
  expect(chain.map(({ definition }) => definition.name)).toEqual(["base", "top"]);
});

test("one that is absent is told with the names it may have meant, and who stands on it", async () => {
  const directory = await directoryWith({ builder: top, base: base.replace("suites", "from: bilder\n#"), Strange: "" });
  await expect(findDefinition("bilder", [directory, "/nonexistent"])).rejects.toMatchObject({ hint: "there is builder" });
  for (const way of ["images/builder", "./images/builder/", "rbuild/builder:1"])
    await expect(findDefinition(way, [directory])).rejects.toMatchObject({ hint: "there is builder" });
  await expect(findDefinition("unlike", [directory])).rejects.toMatchObject({ hint: "rbuild image list" });
  await expect(readDefinitions("base", [directory])).rejects.toMatchObject({
    code: "definition.not-found",
    message: `no image "bilder", on which base stands, is defined in ${directory}`,
  });
});

test("an absent image, a wrong name, a path and a cycle are refused", async () => {
  const directory = await directoryWith({
    base: base.replace("name: base", "name: other"),
    a: 'name: a\nversion: "1"\nfrom: b\n',
    b: 'name: b\nversion: "1"\nfrom: a\n',
  });
  await expect(findDefinition("nothing", [directory])).rejects.toMatchObject({ code: "definition.not-found" });
  await expect(findDefinition("../base", [directory])).rejects.toMatchObject({ code: "definition.not-found" });
  await expect(findDefinition("base", [directory])).rejects.toMatchObject({ code: "definition.wrong-name" });
  await expect(readDefinitions("a", [directory])).rejects.toMatchObject({ code: "definition.cycle", message: "the image a stands on itself: a from b from a" });
});
