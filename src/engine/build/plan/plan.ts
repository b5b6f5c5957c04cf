import { RbuildError } from "../../../system/index.ts";
import type { FromInstruction } from "../instructions/from.ts";
import type { Instruction } from "../instructions/instruction.ts";
import { readInstruction } from "../instructions/read-instruction.ts";
import type { Dockerfile, EscapeCharacter } from "../parse/ast.ts";
import { syntaxError } from "../parse/syntax-error.ts";
import { expandIn } from "./expand.ts";
import { type GlobalArguments, globalArguments } from "./global-arguments.ts";

export type StageInstruction = Exclude<Instruction, FromInstruction>;

/** What a stage starts from, and where COPY --from takes files: nothing, another stage, or an image of the store. */
export type StageSource =
  | { readonly kind: "scratch" }
  | { readonly kind: "stage"; readonly index: number }
  | { readonly kind: "image"; readonly reference: string };

export interface Stage {
  /** Position in the Dockerfile, from 0. */
  readonly index: number;
  readonly name?: string;
  readonly from: FromInstruction;
  readonly base: StageSource;
  readonly instructions: readonly StageInstruction[];
}

export interface BuildPlan {
  readonly file: string;
  readonly escape: EscapeCharacter;
  readonly globals: GlobalArguments;
  /** Every stage of the Dockerfile. */
  readonly stages: readonly Stage[];
  /** Those the target needs, in their order; the target is the last. */
  readonly needed: readonly Stage[];
}

/** @throws RbuildError `dockerfile.syntax`, `build.target-not-found` */
export function planBuild(
  dockerfile: Dockerfile,
  options: { readonly buildArgs?: Readonly<Record<string, string>>; readonly target?: string } = {},
): BuildPlan {
  const instructions = dockerfile.instructions.map((node) => readInstruction(node, dockerfile));
  const begin = instructions.findIndex(({ kind }) => kind === "from");
  const head = instructions.slice(0, begin === -1 ? instructions.length : begin).flatMap((instruction) => {
    if (instruction.kind === "arg") return instruction;
    throw syntaxError({ ...instruction, file: dockerfile.file }, "only ARG may stand before the first FROM");
  });
  if (begin === -1) throw syntaxError({ file: dockerfile.file, line: 1, column: 1 }, "there is no FROM in it");
  const globals = globalArguments(head, options.buildArgs ?? {}, (text, known, instruction) =>
    expandIn(text, { file: dockerfile.file, escape: dockerfile.escape, instruction, lookup: (name) => known.get(name) }),
  );
  const stages: Stage[] = [];
  let current: StageInstruction[] = [];
  for (const instruction of instructions.slice(begin)) {
    if (instruction.kind === "from") stages.push({ ...beginStage(dockerfile, stages, globals, instruction), instructions: (current = []) });
    else current.push(instruction);
  }
  return { file: dockerfile.file, escape: dockerfile.escape, globals, stages, needed: neededStages(stages, targetOf(stages, options.target)) };
}

function beginStage(dockerfile: Dockerfile, stages: readonly Stage[], globals: GlobalArguments, from: FromInstruction): Omit<Stage, "instructions"> {
  const image = expandIn(from.image, { ...dockerfile, instruction: from, lookup: (name) => globals.get(name) });
  if (image === "") throw syntaxError({ ...from, file: dockerfile.file }, `${from.image} is empty; give the argument a default, or --build-arg`);
  if (from.stage !== undefined && stages.some(({ name }) => name === from.stage)) {
    throw syntaxError({ ...from, file: dockerfile.file }, `there is a stage ${from.stage} already`);
  }
  const base = image === "scratch" ? ({ kind: "scratch" } as const) : (stageNamed(stages, image) ?? ({ kind: "image", reference: image } as const));
  return { index: stages.length, ...(from.stage === undefined ? {} : { name: from.stage }), from, base };
}

function stageNamed(stages: readonly Stage[], name: string): StageSource | undefined {
  const index = stages.findIndex((stage) => stage.name === name.toLowerCase());
  return index === -1 ? undefined : { kind: "stage", index };
}

/** What `COPY --from=name` of the stage `index` means: a stage before it by name or number, else an image. */
export function copySource(stages: readonly Stage[], index: number, name: string): StageSource {
  const earlier = stages.slice(0, index);
  const named = stageNamed(earlier, name);
  if (named) return named;
  return /^\d{1,4}$/.test(name) && Number(name) < index ? { kind: "stage", index: Number(name) } : { kind: "image", reference: name };
}

function targetOf(stages: readonly Stage[], target: string | undefined): Stage {
  const stage =
    target === undefined || target === ""
      ? stages.at(-1)
      : (stages.find(({ name }) => name === target.toLowerCase()) ?? (/^\d{1,4}$/.test(target) ? stages[Number(target)] : undefined));
  if (stage) return stage;
  throw new RbuildError("build.target-not-found", `the Dockerfile has no stage ${JSON.stringify(target)}`, {
    category: "invalid",
    hint: `its stages are ${stages.map(({ name, index }) => name ?? index).join(", ")}`,
    details: { target },
  });
}

function neededStages(stages: readonly Stage[], target: Stage): readonly Stage[] {
  const needed = new Set<number>();
  const visit = (source: StageSource): void => {
    if (source.kind !== "stage" || needed.has(source.index)) return;
    needed.add(source.index);
    const stage = stages[source.index];
    if (!stage) return;
    visit(stage.base);
    for (const instruction of stage.instructions) {
      if (instruction.kind === "copy" && instruction.from !== undefined) visit(copySource(stages, stage.index, instruction.from));
    }
  };
  visit({ kind: "stage", index: target.index });
  return stages.filter(({ index }) => needed.has(index));
}
