import { createReadStream } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import type { JsonValue } from "../../../oci/index.ts";
import { type ByteString, byteString, RbuildError } from "../../../system/index.ts";
import { decompress } from "../../content/decompress.ts";
import { copyTree } from "../files/copy-tree.ts";
import type { FileOverrides } from "../files/file-metadata.ts";
import { isTar } from "../files/is-tar.ts";
import { parentOf, RootWriter } from "../files/root-writer.ts";
import { type SourceFile, SourceTree } from "../files/source-tree.ts";
import { treeDigest } from "../files/tree-digest.ts";
import { unpackTar } from "../files/unpack-tar.ts";
import type { AddInstruction } from "../instructions/add.ts";
import type { CopyInstruction } from "../instructions/copy.ts";
import { syntaxError } from "../parse/syntax-error.ts";
import { copySource } from "../plan/plan.ts";
import { type BuildRun, type StepResult, signalOf } from "./build-run.ts";
import { absolutePath } from "./change-config.ts";
import { ownerOf } from "./file-owner.ts";
import { emptyState, type StageState, stateOfImage } from "./stage-state.ts";
import { expander } from "./step-scope.ts";
import { inWritableLayer, withFiles } from "./writable-layer.ts";

/** Bytes an archive of ADD unpacks to, at most. */
const MAX_ARCHIVE_BYTES = 256 * 1024 ** 3;

/** Sources found, nothing copied yet. */
interface PreparedCopy {
  readonly instruction: CopyInstruction | AddInstruction;
  readonly sources: readonly PreparedSource[];
  /** Absolute, inside the image. */
  readonly destination: string;
  /** The destination is a directory whether it is there or not. */
  readonly isDirectory: boolean;
  readonly chown: string | undefined;
  readonly mode: number | undefined;
  /** Files keep the owners they have where they come from. */
  readonly keepOwners: boolean;
}

interface PreparedSource {
  readonly name: string;
  readonly files: () => Iterable<SourceFile>;
  readonly archive?: Buffer;
}

/** A COPY or ADD whose sources are at hand while `use` runs. */
export async function withCopy<T>(
  run: BuildRun,
  state: StageState,
  stage: number,
  instruction: CopyInstruction | AddInstruction,
  use: (copy: PreparedCopy) => Promise<T>,
): Promise<T> {
  if (instruction.kind === "add" || instruction.from === undefined) return await use(await prepare(run, state, instruction, run.context));
  const source = copySource(run.plan.stages, stage, instruction.from);
  const from =
    source.kind === "image" ? stateOfImage(await run.parts.images.get(source.reference)) : source.kind === "stage" ? run.done.get(source.index) : undefined;
  return await withFiles(run, from ?? emptyState(), async (root) => await use(await prepare(run, state, instruction, root)));
}

async function prepare(run: BuildRun, state: StageState, instruction: CopyInstruction | AddInstruction, root: string): Promise<PreparedCopy> {
  const expand = expander(run.plan, state, instruction);
  const tree = new SourceTree(root);
  const written = expand(instruction.destination);
  const sources: PreparedSource[] = await heredocSources(run, state, instruction);
  for (const source of instruction.sources.map((text) => expand(text))) {
    const paths = tree.matches(source);
    if (paths.length === 0) throw sourceMissing(run, instruction, source);
    for (const path of paths) sources.push(await sourceOf(instruction, tree, path));
  }
  const isDirectory = /(?:^|\/)\.{0,2}$/.test(written);
  if (sources.length > 1 && !isDirectory) {
    throw syntaxError(
      { ...instruction, file: run.plan.file },
      `${sources.length} sources need a directory as destination: end ${JSON.stringify(written)} with /`,
    );
  }
  const mode = instruction.chmod === undefined ? undefined : expand(instruction.chmod);
  if (mode !== undefined && !/^[0-7]{1,4}$/.test(mode))
    throw syntaxError({ ...instruction, file: run.plan.file }, `--chmod is octal, such as 0755, not ${JSON.stringify(mode)}`);
  return {
    instruction,
    sources,
    destination: absolutePath(state, written),
    isDirectory,
    chown: instruction.chown === undefined ? undefined : expand(instruction.chown),
    mode: mode === undefined ? undefined : Number.parseInt(mode, 8),
    keepOwners: instruction.kind === "copy" && instruction.from !== undefined,
  };
}

async function sourceOf(instruction: CopyInstruction | AddInstruction, tree: SourceTree, path: ByteString): Promise<PreparedSource> {
  const name = basename(path);
  const files = () => tree.walk(path);
  const [first] = files();
  const isArchive = first !== undefined && instruction.kind === "add" && first.stat.isFile() && (await isTar(createReadStream(first.absolute)));
  return { name, files, ...(isArchive ? { archive: first.absolute } : {}) };
}

/** Here-documents as files of their names. */
async function heredocSources(run: BuildRun, state: StageState, instruction: CopyInstruction | AddInstruction): Promise<PreparedSource[]> {
  const expand = expander(run.plan, state, instruction);
  const directory = join(run.workspace.directory, `heredocs-${instruction.line}`);
  if (instruction.heredocs.length > 0) await mkdir(directory, { recursive: true });
  const sources: PreparedSource[] = [];
  for (const { name, expand: isExpanded, content } of instruction.heredocs) {
    await writeFile(join(directory, name), isExpanded ? expand(content, { raw: true }) : content, { mode: 0o644 });
    const tree = new SourceTree(directory);
    sources.push({ name, files: () => tree.walk(byteString(name)) });
  }
  return sources;
}

function sourceMissing(run: BuildRun, { text, line }: CopyInstruction | AddInstruction, source: string): RbuildError {
  return new RbuildError("build.copy-source-missing", `${run.plan.file}:${line}: ${text}: there is no ${JSON.stringify(source)}`, {
    category: "invalid",
    hint: "see that it is inside the build context and not named in .dockerignore",
    details: { file: run.plan.file, line, source },
  });
}

/** What the copy's result depends on beside the step before it. */
export async function copyKey(run: BuildRun, copy: PreparedCopy): Promise<JsonValue> {
  const overrides = overridesOf(copy, { uid: 0, gid: 0 });
  const sources = [];
  for (const { name, files, archive } of copy.sources) sources.push([name, archive !== undefined, await treeDigest(files(), { overrides, ...signalOf(run) })]);
  return {
    copy: sources,
    destination: copy.destination,
    isDirectory: copy.isDirectory,
    ...(copy.chown === undefined ? {} : { chown: copy.chown }),
    ...(copy.mode === undefined ? {} : { mode: copy.mode }),
  };
}

function overridesOf(copy: PreparedCopy, owner: { readonly uid: number; readonly gid: number }): FileOverrides {
  return { ...(copy.keepOwners && copy.chown === undefined ? {} : { owner }), ...(copy.mode === undefined ? {} : { mode: copy.mode }) };
}

export async function copyStep(run: BuildRun, state: StageState, copy: PreparedCopy): Promise<StepResult> {
  return await inWritableLayer(run, state, async (root) => {
    const owner = copy.chown === undefined ? { uid: 0, gid: 0 } : ownerOf(root, copy.chown);
    using writer = new RootWriter(root);
    for (const source of copy.sources) await copySourceTo(run, writer, copy, source, owner);
    writer.finish();
  });
}

async function copySourceTo(
  run: BuildRun,
  writer: RootWriter,
  copy: PreparedCopy,
  source: PreparedSource,
  owner: { readonly uid: number; readonly gid: number },
): Promise<void> {
  const destination = byteString(copy.destination.slice(1));
  const directory = { mode: 0o755, ...owner };
  if (source.archive !== undefined) {
    writer.makeDirectories(destination, directory);
    const options = { maxBytes: MAX_ARCHIVE_BYTES, what: source.name, ...(copy.chown === undefined ? {} : { owner }), ...signalOf(run) };
    await unpackTar(decompress(createReadStream(source.archive), signalOf(run)), writer, destination, options);
    return;
  }
  const [first] = source.files();
  const intoDirectory = !first?.stat.isDirectory() && (copy.isDirectory || writer.isDirectory(destination));
  // Names of sources are byte strings already.
  const target = (intoDirectory && destination !== "" ? `${destination}/${source.name}` : intoDirectory ? source.name : destination) as ByteString;
  writer.makeDirectories(parentOf(target), directory);
  await copyTree(source.files(), writer, target, { overrides: overridesOf(copy, owner), ...signalOf(run) });
}
