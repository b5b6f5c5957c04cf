import { cp, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { cruise, type ICruiseResult } from "dependency-cruiser";
import extractDepcruiseOptions from "dependency-cruiser/config-utl/extract-depcruise-options";
import { execa } from "execa";
import { expect, onTestFinished, test } from "vitest";

const root = resolve(import.meta.dirname, "../..");

async function cruiseTree(baseDir: string): Promise<ICruiseResult> {
  const options = await extractDepcruiseOptions(resolve(root, ".dependency-cruiser.cjs"));
  const { output } = await cruise(["src"], { ...options, baseDir, validate: true });
  return output as ICruiseResult;
}

const names = (result: ICruiseResult) => [...new Set(result.summary.violations.map((violation) => violation.rule.name))].sort();

test("every folder imports only from the folders it may", async () => {
  const result = await cruiseTree(root);
  expect(result.summary.totalCruised).toBeGreaterThan(40);
  expect(result.summary.violations.map((violation) => `${violation.rule.name}: ${violation.from} -> ${violation.to}`)).toEqual([]);
});

test("the check sees violations: a canary tree is reported rule by rule", async () => {
  const result = await cruiseTree(resolve(root, "test/fixtures/direction-canary"));
  expect(names(result)).toEqual(["dockerode-is-a-type", "oci-imports-nobody", "server-uses-the-engines-front-door", "ui-is-fed-by-events"]);
});

test("an import in the wrong direction does not compile", async () => {
  const tree = await mkdtemp(join(tmpdir(), "rbuild-direction-"));
  onTestFinished(() => rm(tree, { recursive: true, force: true }));
  await cp(resolve(root, "tsconfig.base.json"), join(tree, "tsconfig.base.json"));
  await symlink(resolve(root, "node_modules"), join(tree, "node_modules"));
  for (const folder of ["oci", "system"]) await cp(resolve(root, "src", folder), join(tree, "src", folder), { recursive: true });
  await writeFile(join(tree, "package.json"), '{"type":"module"}');
  const build = () => execa(resolve(root, "node_modules/.bin/tsc"), ["-b", "src/oci"], { cwd: tree, reject: false });
  expect(await build()).toMatchObject({ exitCode: 0 });
  await writeFile(join(tree, "src/oci/wrong.ts"), 'export { systemClock } from "../system/clock.ts";\n');
  expect(await build()).toMatchObject({ exitCode: 2, stdout: expect.stringContaining("TS6307") });
});
