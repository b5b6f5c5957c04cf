import { basename, join } from "node:path";
import { Readable } from "node:stream";
import type Docker from "dockerode";
import { LineCutter, withStep } from "../../../make-runner/index.ts";
import type { ContainerDefaults } from "../../../oci/index.ts";
import { RbuildError, redact, stripControl } from "../../../system/index.ts";
import { statusOf } from "../../container-host/host-error.ts";
import type { LocatedDefinition } from "../../definition/read-definition.ts";
import { readOwnFile } from "../additions/additions.ts";
import { readEngineMessages } from "../assemble/engine-messages.ts";
import { type BuildWorkspace, workImage } from "../build-workspace.ts";
import { writeContext } from "./build-context.ts";
import { foreignImage } from "./dockerfile-images.ts";
import { OutputTail } from "./output-tail.ts";
import { explainStepFailure, quoteLines } from "./step-failure.ts";

/** Build argument that a definition's Dockerfile has in its FROM. */
const BASE_ARGUMENT = "RBUILD_BASE";

/** A definition's Dockerfile, for messages. */
interface NamedDockerfile {
  readonly name: string;
  readonly path: string;
}

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
  const dockerfile = { name: definition.name, path: join(directory, definition.dockerfile ?? "Dockerfile") };
  requireOwnImages(dockerfile, (await readOwnFile(directory, basename(dockerfile.path))).toString("utf8"));
  const { host, report, parentStep, signal } = workspace;
  const [from, result] = [workImage(workspace, `${definition.name}-base`), workImage(workspace, definition.name)];
  await commitAs(base, from, inherited);
  const subject = `${definition.name} ${definition.dockerfile}`;
  await withStep(report, { name: "image.build", subject, ...(parentStep === undefined ? {} : { parent: parentStep }) }, async (step) => {
    const context = Readable.from(await writeContext(directory, sourceDateEpoch), { objectMode: false });
    const answer = host.buildImage(context, {
      dockerfile: basename(dockerfile.path),
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
    const messages = await answer.catch((error: unknown) => {
      throw explainRefusal(dockerfile, error);
    });
    for await (const { stream, error } of readEngineMessages(messages as AsyncIterable<Uint8Array>)) {
      if (stream !== undefined) say(cutter.push(Buffer.from(stream)));
      if (error !== undefined) throw explainDockerfileFailure(dockerfile, error, tail.lines);
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

/** Otherwise an engine would go and fetch one. */
function requireOwnImages(dockerfile: NamedDockerfile, text: string): void {
  const found = foreignImage(text);
  if (found)
    throw dockerfileFailure(dockerfile, `line ${found.line} names the image ${found.image}, and an image is built from what is locked alone`, OWN_IMAGE);
}

const OWN_IMAGE = `write FROM \${${BASE_ARGUMENT}} after ARG ${BASE_ARGUMENT}; which image that is, from: in image.yaml says`;

/** What an engine will not begin with. */
function explainRefusal(dockerfile: NamedDockerfile, error: unknown): unknown {
  const status = statusOf(error);
  if (status === undefined || status >= 500 || !(error instanceof Error)) return error;
  return dockerfileFailure(dockerfile, error.message.replace(/^\(HTTP code \d+\) [a-z ]+ - /, "").trim(), undefined, error);
}

/** APT's words for a package that it does not know. */
const NO_PACKAGE = /^E: (?:Unable to locate package|Package '?)\s*([a-z0-9][a-z0-9+.-]*)(?:$|'? has no installation candidate)/;

function explainDockerfileFailure(dockerfile: NamedDockerfile, error: string, last: readonly string[]): RbuildError {
  const exitCode = /returned a non-zero code: (\d+)/.exec(error)?.[1];
  const explained = explainStepFailure(`build the Dockerfile of ${dockerfile.name}`, Number(exitCode ?? 1), last);
  if (explained.code !== "image.step-failed") return explained;
  const [missing] = last.flatMap((line) => NO_PACKAGE.exec(line)?.[1] ?? []);
  const hint = missing === undefined ? undefined : `name ${missing} under offers: in image.yaml, then rbuild image lock ${dockerfile.name}`;
  return dockerfileFailure(dockerfile, `${error.trim()}${quoteLines(last)}`, hint, undefined, last);
}

function dockerfileFailure(
  { name, path }: NamedDockerfile,
  why: string,
  hint = `correct ${path}`,
  cause?: unknown,
  lines: readonly string[] = [],
): RbuildError {
  return new RbuildError("image.dockerfile-failed", `could not build the Dockerfile of ${name}: ${why}`, { hint, cause, details: { path, lines } });
}
