import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readInstruction } from "../../../../src/engine/build/instructions/read-instruction.ts";
import { parseDockerfile } from "../../../../src/engine/build/parse/parse.ts";
import { planBuild } from "../../../../src/engine/build/plan/plan.ts";
import { RbuildError } from "../../../../src/system/index.ts";

/** A folder per case: `Dockerfile`, and beside it what it is read as. `vitest -u` writes the latter anew. */
const CASES = join(import.meta.dirname, "../../../fixtures/dockerfiles");
const foldersIn = (path: string) =>
  readdirSync(path)
    .filter((name) => name !== "errors")
    .toSorted();
const readCase = (path: string) => readFileSync(join(path, "Dockerfile"), "utf8");
const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

describe("reads", () => {
  test.each(foldersIn(CASES))("%s", async (name) => {
    const path = join(CASES, name);
    const dockerfile = parseDockerfile(readCase(path));
    await expect(json(dockerfile)).toMatchFileSnapshot(join(path, "ast.json"));
    await expect(json(dockerfile.instructions.map((node) => readInstruction(node, dockerfile)))).toMatchFileSnapshot(join(path, "instructions.json"));
    const { stages, needed } = planBuild(dockerfile);
    const plan = {
      stages: stages.map(({ index, name: stage, base, instructions }) => ({ index, stage, base, instructions: instructions.length })),
      needed: needed.map(({ index }) => index),
    };
    await expect(json(plan)).toMatchFileSnapshot(join(path, "plan.json"));
  });
});

describe("refuses", () => {
  test.each(foldersIn(join(CASES, "errors")))("%s", async (name) => {
    const path = join(CASES, "errors", name);
    let thrown: unknown;
    try {
      planBuild(parseDockerfile(readCase(path)));
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(RbuildError);
    const { code, message } = thrown as RbuildError;
    await expect(`${code}\n${message}\n`).toMatchFileSnapshot(join(path, "error.txt"));
  });
});
