import { Readable } from "node:stream";
import type Docker from "dockerode";
import { LineCutter, withStep } from "../../../make-runner/index.ts";
import type { ContainerDefaults } from "../../../oci/index.ts";
import { RbuildError, redact, stripControl } from "../../../system/index.ts";
import type { LocatedDefinition } from "../../definition/read-definition.ts";
import { readEngineMessages } from "../assemble/engine-messages.ts";
import { type BuildWorkspace, workImage } from "../build-workspace.ts";
import { writeContext } from "./build-context.ts";
import { OutputTail } from "./output-tail.ts";
import { explainStepFailure, quoteLines } from "./step-failure.ts";

/** Build argument that a definition's Dockerfile has in its FROM. */
const BASE_ARGUMENT = "RBUILD_BASE";

/**
 * Runs a definition's Dockerfile, without any network, on top of what a container has become.
 * @returns the reference of the result, which ends with the workspace
 * @throws RbuildError `image.dockerfile-failed`, and those of `explainStepFailure`
 */
export async function runDockerfile(
  { definition, directory }: LocatedDefinition,
  base: Docker.Container,
  inherited: ContainerDefaults,
  sourceDateEpoch: number,
  workspace: BuildWorkspace,
): Promise<string> {
  const { host, report, parentStep, signal } = workspace;
  const [from, result] = [workImage(workspace, `${definition.name}-base`), workImage(workspace, definition.name)];
  await commitAs(base, from, inherited);
  const subject = `${definition.name} ${definition.dockerfile}`;
  await withStep(report, { name: "image.build", subject, ...(parentStep === undefined ? {} : { parent: parentStep }) }, async (step) => {
    const context = Readable.from(await writeContext(directory, sourceDateEpoch), { objectMode: false });
    const answer = await host.buildImage(context, {
      dockerfile: definition.dockerfile ?? "Dockerfile",
      t: result,
      buildargs: { [BASE_ARGUMENT]: from, SOURCE_DATE_EPOCH: String(sourceDateEpoch) },
      networkmode: "none",
      nocache: true,
      rm: true,
      forcerm: true,
      version: "1",
      ...(signal === undefined ? {} : { abortSignal: signal }),
    });
    const tail = new OutputTail();
    const cutter = new LineCutter();
    const say = (lines: readonly string[]) => {
      for (const line of lines) {
        const text = stripControl(redact(line));
        tail.add(text);
        report({ kind: "log.written", step: step.id, stream: "stdout", text });
      }
    };
    for await (const { stream, error } of readEngineMessages(answer as AsyncIterable<Uint8Array>)) {
      if (stream !== undefined) say(cutter.push(Buffer.from(stream)));
      if (error !== undefined) throw explainDockerfileFailure(subject, error, tail.lines);
    }
    say(cutter.end());
  });
  return result;
}

/** The image that a container has become, with the defaults that it had before its step. */
async function commitAs(container: Docker.Container, reference: string, inherited: ContainerDefaults): Promise<void> {
  const colon = reference.lastIndexOf(":");
  const changes = [
    `ENTRYPOINT ${JSON.stringify(inherited.Entrypoint ?? [])}`,
    `CMD ${JSON.stringify(inherited.Cmd ?? [])}`,
    ...(inherited.User ? [`USER ${inherited.User}`] : []),
    ...(inherited.WorkingDir ? [`WORKDIR ${inherited.WorkingDir}`] : []),
  ];
  await container.commit({ repo: reference.slice(0, colon), tag: reference.slice(colon + 1), pause: false, changes });
}

function explainDockerfileFailure(subject: string, error: string, last: readonly string[]): RbuildError {
  const exitCode = /returned a non-zero code: (\d+)/.exec(error)?.[1];
  const explained = explainStepFailure(`build ${subject}`, Number(exitCode ?? 1), last);
  if (explained.code !== "image.step-failed") return explained;
  return new RbuildError("image.dockerfile-failed", `could not build ${subject}: ${error.trim()}${quoteLines(last)}`, {
    hint: `correct ${subject}`,
    details: { lines: last },
  });
}
