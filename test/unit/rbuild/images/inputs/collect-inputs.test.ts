import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { digestOf } from "../../../../../src/oci/index.ts";
import { parseDefinition } from "../../../../../src/rbuild/definition/read-definition.ts";
import { collectInputs, digestOfInputs } from "../../../../../src/rbuild/images/inputs/collect-inputs.ts";
import { temporaryDirectory } from "../support.ts";

const TEXT = "name: x\nversion: '1'\nsuites: [{ suite: stable }]\npackages: [make]\nhooks: [hook]\n";

async function inputsOf(directory: string, text = TEXT, lock = "lock") {
  const located = { definition: parseDefinition(text, "image.yaml"), directory };
  return collectInputs({ located, lockDigest: digestOf(lock) }, { architecture: "linux/amd64" });
}

test("inputs are what decides, field by field, without what the lock has and what is for people", async () => {
  const directory = await temporaryDirectory();
  await writeFile(join(directory, "hook"), "one", { mode: 0o755 });
  await writeFile(join(directory, "notes"), "not looked at");
  const inputs = await inputsOf(directory, `${TEXT}description: for people\n`);
  expect(inputs).toEqual({
    compatibilityVersion: expect.any(Number),
    architecture: "linux/amd64",
    lock: digestOf("lock"),
    definition: { name: "x", version: "1", hooks: ["hook"] },
    context: { hook: { kind: "file", executable: true, content: digestOf("one") } },
  });
  const digest = digestOfInputs(inputs);
  expect(digestOfInputs(await inputsOf(directory))).toBe(digest);
  expect(digestOfInputs(await inputsOf(directory, TEXT, "other"))).not.toBe(digest);
  await writeFile(join(directory, "hook"), "two");
  expect(digestOfInputs(await inputsOf(directory))).not.toBe(digest);
});

test("a link is followed within the definition's directory, and not out of it", async () => {
  const directory = await temporaryDirectory();
  await mkdir(join(directory, "bin"));
  await writeFile(join(directory, "bin/hook"), "one");
  await symlink("bin/hook", join(directory, "hook"));
  expect((await inputsOf(directory)).context).toMatchObject({ hook: { content: digestOf("one") } });
  const outside = await temporaryDirectory();
  await writeFile(join(outside, "hook"), "secret");
  await symlink(outside, join(directory, "away"));
  await expect(inputsOf(directory, TEXT.replace("[hook]", "[away/hook]"))).rejects.toMatchObject({ code: "definition.file-outside" });
});

test("with a Dockerfile everything in the directory counts", async () => {
  const directory = await temporaryDirectory();
  await writeFile(join(directory, "Dockerfile"), "FROM x");
  await writeFile(join(directory, "hook"), "");
  await writeFile(join(directory, "any"), "");
  expect(Object.keys((await inputsOf(directory, `${TEXT}dockerfile: Dockerfile\n`)).context)).toEqual(["Dockerfile", "any", "hook"]);
});
