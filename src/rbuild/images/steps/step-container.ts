import { Readable, Writable } from "node:stream";
import type Docker from "dockerode";
import { LineCutter, type OpenStep } from "../../../make-runner/index.ts";
import { redact, stripControl } from "../../../system/index.ts";
import { byteString, type TarInput, tarHeader, writeTar } from "../../../system/tar/index.ts";
import type { ContainerHost } from "../../container-host/container-host.ts";
import type { RbuildReport } from "../../events.ts";
import { STEP_DIRECTORY } from "../normalise/engine-rules.ts";
import { explainStepFailure } from "./step-failure.ts";

/** Measured: what APT, dpkg and mmdebstrap need. Without SETFCAP file capabilities silently become setuid bits. */
const CAPABILITIES = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "SETFCAP", "SETGID", "SETUID", "SYS_CHROOT"];
/** Label of everything that only a running build needs. */
export const WORK_LABEL = "rbuild.work";
const LAST_LINES = 40;

export interface StepFile {
  /** Absolute, in the container. */
  readonly path: string;
  readonly content: string | Uint8Array;
  readonly executable?: boolean;
}

export interface ContainerStep {
  /** Reference or id of the image it starts from. */
  readonly image: string;
  /** A /bin/sh script. It runs as root, with no environment but a plain one, under umask 022. */
  readonly script: string;
  readonly files: readonly StepFile[];
  /** Value of the work label. */
  readonly work: string;
  /** What it is for, in errors: `install the packages of builder`. */
  readonly purpose: string;
  readonly signal?: AbortSignal;
}

const SCRIPT = `/${STEP_DIRECTORY}/step`;

/**
 * Runs a script in a container of its own with the host's network, and returns the stopped container; disposing it removes it.
 * @throws RbuildError of `explainStepFailure` when the script fails
 */
export async function runContainerStep(
  host: ContainerHost,
  { image, script, files, work, purpose, signal }: ContainerStep,
  step: OpenStep,
  report: RbuildReport,
): Promise<{ readonly container: Docker.Container; readonly lines: readonly string[] } & AsyncDisposable> {
  signal?.throwIfAborted();
  const container = await host.createContainer({
    Image: image,
    Entrypoint: ["/bin/sh"],
    Cmd: [SCRIPT],
    User: "0:0",
    WorkingDir: "/",
    Labels: { [WORK_LABEL]: work },
    HostConfig: { NetworkMode: "host", CapDrop: ["ALL"], CapAdd: CAPABILITIES },
  });
  await using cleanUp = new AsyncDisposableStack();
  cleanUp.defer(() => removeContainer(container));
  const kill = () => void container.kill().catch(() => undefined);
  signal?.addEventListener("abort", kill);
  cleanUp.defer(() => signal?.removeEventListener("abort", kill));

  await putFiles(container, [{ path: SCRIPT, content: `${PRELUDE}${script}`, executable: true }, ...files]);
  const last: string[] = [];
  const attached = await container.attach({ stream: true, stdout: true, stderr: true });
  const output = followOutput(host, attached, (stream, text) => {
    last.push(text);
    if (last.length > LAST_LINES) last.shift();
    report({ kind: "log.written", step: step.id, stream, text });
  });
  await container.start();
  const { StatusCode: exitCode } = (await container.wait()) as { StatusCode: number };
  await output;
  signal?.throwIfAborted();
  if (exitCode !== 0) throw explainStepFailure(purpose, exitCode, last);
  const kept = cleanUp.move();
  return { container, lines: last, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** Nothing of the image's or the engine's environment reaches the programs of a step. */
const PRELUDE = `#!/bin/sh
set -eu
[ "\${RBUILD_STEP-}" ] || exec env -i RBUILD_STEP=1 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 TZ=UTC /bin/sh "$0"
unset RBUILD_STEP
umask 022
cd /
`;

/** Puts files of root, all as old as 1970, into a container that need not run. */
export async function putFiles(container: Docker.Container, files: readonly StepFile[]): Promise<void> {
  const entries: TarInput[] = files.map(({ path, content, executable }) => {
    const bytes = typeof content === "string" ? Buffer.from(content) : content;
    const header = tarHeader({ path: byteString(path.slice(1)), kind: "file", mode: executable ? 0o755 : 0o644, size: bytes.byteLength });
    return { ...header, body: [bytes] };
  });
  const directory = tarHeader({ path: byteString(`${STEP_DIRECTORY}/`), kind: "directory", mode: 0o755 });
  await container.putArchive(Readable.from(writeTar([directory, ...entries]), { objectMode: false }), { path: "/" });
}

/** Resolves at the end of both streams. */
function followOutput(host: ContainerHost, attached: NodeJS.ReadWriteStream, tell: (stream: "stdout" | "stderr", text: string) => void): Promise<void> {
  const cutters: LineCutter[] = [];
  const into = (stream: "stdout" | "stderr") => {
    const cutter = new LineCutter();
    cutters.push(cutter);
    const say = (lines: readonly string[]) => lines.forEach((line) => tell(stream, stripControl(redact(line))));
    return new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        say(cutter.push(chunk));
        done();
      },
      final: (done) => {
        say(cutter.end());
        done();
      },
    });
  };
  const stdout = into("stdout");
  const stderr = into("stderr");
  host.modem.demuxStream(attached, stdout, stderr);
  return new Promise((resolve, reject) => {
    attached.on("error", reject);
    const end = () => {
      stdout.end();
      stderr.end();
      resolve();
    };
    attached.on("end", end);
    attached.on("close", end);
  });
}

/** Removes a container with its anonymous volumes; one that is gone is fine. */
export async function removeContainer(container: Docker.Container): Promise<void> {
  await container.remove({ force: true, v: true }).catch((error: unknown) => {
    if ((error as { statusCode?: number }).statusCode !== 404) throw error;
  });
}
