import { stat } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { withStep } from "../../make-runner/index.ts";
import type { Digest } from "../../oci/index.ts";
import { applyIsoDelta, readIsoDelta } from "../../rbuild/iso-delta/apply-iso-delta.ts";
import { listedDigest } from "../../rbuild/iso-delta/checksums.ts";
import { makeIsoDelta } from "../../rbuild/iso-delta/make-iso-delta.ts";
import { byteText } from "../../rbuild/pool/byte-text.ts";
import type { DeltaProgress } from "../../rbuild/repository/delta/delta-files.ts";
import { counted } from "../../system/counted.ts";
import { RbuildError, systemClock } from "../../system/index.ts";
import { readRoots } from "../publish/read-roots.ts";
import type { CommandResult, Session } from "../session.ts";

interface MakeChoices {
  readonly output: string;
  readonly level?: number;
}

export async function make(from: string, to: string, { output, level }: MakeChoices, { reporter, signal }: Session): Promise<CommandResult> {
  await checkFiles([from, to]);
  const data = await withStep(reporter.report, { name: "delta.make", subject: basename(to) }, (step) => {
    const onProgress = ({ bytes, of }: DeltaProgress) => step.progress(bytes, "bytes", of);
    return makeIsoDelta({ from, to, output: resolve(output) }, { onProgress, signal, ...(level === undefined ? {} : { level }) });
  });
  const { sent, made } = data.blocks;
  return {
    data,
    lines: [`${data.path} ${data.sha256} (${byteText(data.size)} for an ISO of ${byteText(data.to.size)}; ${byteText(data.memory)} of memory to undo it)`],
    notes:
      sent === 0
        ? []
        : [
            `${sent} of ${counted(sent + made, "changed block")} ${sent === 1 ? "is" : "are"} in it as ${sent === 1 ? "it is: this host's libraries do not make it from its" : "they are: this host's libraries do not make them from their"} content`,
          ],
  };
}

interface ApplyChoices {
  readonly output: string;
  readonly expect?: Digest;
  readonly sums?: string;
  readonly signature?: string;
  readonly keys: string;
}

export async function apply(from: string, delta: string, choices: ApplyChoices, { reporter, signal }: Session): Promise<CommandResult> {
  await checkFiles([from, delta]);
  const expected = await expectedDigest(choices);
  const output = resolve(choices.output);
  const data = await withStep(reporter.report, { name: "delta.apply", subject: basename(output) }, (step) =>
    applyIsoDelta({ from, delta, output, expected }, { onProgress: ({ bytes, of }) => step.progress(bytes, "bytes", of), signal }),
  );
  return { data, lines: [`${data.path} ${data.digest}`] };
}

async function expectedDigest({ output, expect, sums, signature, keys }: ApplyChoices): Promise<Digest> {
  if (sums === undefined) {
    if (expect !== undefined && signature === undefined) return expect;
    const message = signature === undefined ? "a delta is not trusted: which digest must the new ISO have?" : "--signature is that of --sums";
    throw new RbuildError("cli.invalid-value", message, { category: "invalid", hint: "--expect sha256:… or --sums SHA256SUMS" });
  }
  if (signature === undefined) return await listedDigest(sums, output);
  const root = (await readRoots(keys)).at(-1);
  return await listedDigest(sums, output, root && { signature, root, now: systemClock.now() });
}

export async function show(path: string): Promise<CommandResult> {
  await checkFiles([path]);
  const { recipe, size } = await readIsoDelta(path);
  const { from, to, coders, baseSize, formSize, steps } = recipe;
  const compressors = coders.map(({ kind, version, capacity }) => ({ kind, version, capacity }));
  const copied = steps.reduce((sum, step) => sum + (step.kind === "copy" ? step.length : 0), 0);
  const data = { path, size, from, to, copied, baseSize, formSize, compressors };
  return {
    data,
    lines: [
      `from ${from.digest} ${from.size}`,
      `to   ${to.digest} ${to.size}`,
      `${size} bytes; ${copied} are copied, ${formSize} made from ${baseSize} of the old ISO`,
      ...new Set(compressors.map(({ kind, version }) => `blocks packed with ${kind}, library ${version}`)),
    ],
  };
}

/** @throws RbuildError `cli.invalid-value` */
async function checkFiles(paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    const isFile = await stat(path).then(
      (found) => !found.isDirectory(),
      () => false,
    );
    if (!isFile) throw new RbuildError("cli.invalid-value", `there is no file ${path} that can be read`, { category: "invalid", details: { path } });
  }
}
