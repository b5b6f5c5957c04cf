import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { findDefinition, listDefinitions, readChain } from "../../../../src/rbuild/definition/find-definition.ts";

const BOOTSTRAP = `bootstrap: { suite: bookworm, components: [main], variant: minbase, archive: { version: "12", inRelease: "sha256:${"a".repeat(64)}" } }`;

async function directoryWith(definitions: Readonly<Record<string, string>>): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "rbuild-definitions-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  for (const [name, text] of Object.entries(definitions)) {
    await mkdir(join(directory, name));
    await writeFile(join(directory, name, "image.yaml"), text);
  }
  return directory;
}

const base = `name: base\nversion: "1"\nsourceDateEpoch: 100\n${BOOTSTRAP}\n`;
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

test("a chain starts with the bootstrapped image and hands its time up", async () => {
  const chain = await readChain("top", [await directoryWith({ base, top })]);
  expect(chain.images.map(({ definition }) => definition.name)).toEqual(["base", "top"]);
  expect(chain.sourceDateEpochs).toEqual([100, 100]);
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
  await expect(readChain("a", [directory])).rejects.toMatchObject({ code: "definition.cycle", message: "the image a stands on itself: a from b from a" });
});

test("an image older than the one it stands on is refused", async () => {
  await expect(readChain("top", [await directoryWith({ base, top: `${top}sourceDateEpoch: 99\n` })])).rejects.toMatchObject({ code: "definition.too-old" });
});
