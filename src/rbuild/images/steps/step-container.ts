import type Docker from "dockerode";
import type { OpenStep } from "../../../make-runner/index.ts";
import { byteString, type TarInput, tarHeader } from "../../../system/tar/index.ts";
import { sendTar } from "../assemble/send-tar.ts";
import type { BuildWorkspace } from "../build-workspace.ts";
import { STEP_DIRECTORY } from "../normalise/engine-rules.ts";
import { followOutput } from "./follow-output.ts";
import { OutputTail } from "./output-tail.ts";
import { readContainerFile } from "./read-container-file.ts";
import { explainStepFailure } from "./step-failure.ts";
import { removeContainer, WORK_LABEL } from "./work-container.ts";

/** Measured: what APT and dpkg need. Without SETFCAP file capabilities silently become setuid bits. */
const CAPABILITIES = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "SETFCAP", "SETGID", "SETUID", "SYS_CHROOT"];
const SCRIPT = `/${STEP_DIRECTORY}/step`;

export interface ContainerScript {
  /** For /bin/sh. It runs as root in `/`, with no environment but a plain one, under umask 022, without any network. */
  readonly script: string;
  /** What it is for, in errors: `install the packages of builder`. */
  readonly purpose: string;
  readonly step: OpenStep;
  /** Called for each line before it is reported. */
  readonly line?: (text: string) => void;
  /** The error of a script that fails. Default: what `explainStepFailure` makes of it. */
  readonly failure?: (exitCode: number, lines: readonly string[]) => Error;
}

/** A container whose file system becomes an image, step by step. It runs only while a script does. Disposing removes it. */
export interface StepContainer extends AsyncDisposable {
  readonly container: Docker.Container;
  /** Puts members below the root; paths are relative to it. */
  put(entries: AsyncIterable<TarInput> | Iterable<TarInput>): Promise<void>;
  /** A regular file of it, or undefined. */
  read(path: string): Promise<Buffer | undefined>;
  /** @throws RbuildError of `explainStepFailure` */
  run(script: ContainerScript): Promise<void>;
}

/** @param image reference or id of what it starts from */
export async function openStepContainer(image: string, { host, report, work, signal }: BuildWorkspace): Promise<StepContainer> {
  signal?.throwIfAborted();
  const container = await host.createContainer({
    Image: image,
    Entrypoint: ["/bin/sh"],
    Cmd: [SCRIPT],
    User: "0:0",
    WorkingDir: "/",
    Labels: { [WORK_LABEL]: work },
    HostConfig: { NetworkMode: "none", CapDrop: ["ALL"], CapAdd: CAPABILITIES },
  });
  const put = (entries: AsyncIterable<TarInput> | Iterable<TarInput>) => sendTar(entries, async (tar) => void (await container.putArchive(tar, { path: "/" })));
  return {
    container,
    put,
    read: (path) => readContainerFile(container, path),
    [Symbol.asyncDispose]: () => removeContainer(container),
    async run({ script, purpose, step, line, failure = (exitCode, lines) => explainStepFailure(purpose, exitCode, lines) }) {
      signal?.throwIfAborted();
      const kill = () => void container.kill().catch(() => undefined);
      signal?.addEventListener("abort", kill);
      try {
        await put([stepDirectory(), textFile(SCRIPT.slice(1), `${PRELUDE}${script}`, 0o755)]);
        const tail = new OutputTail();
        const attached = await container.attach({ stream: true, stdout: true, stderr: true });
        const output = followOutput(host, attached, (stream, text) => {
          tail.add(text);
          line?.(text);
          report({ kind: "log.written", step: step.id, stream, text });
        });
        await container.start();
        const { StatusCode: exitCode } = (await container.wait()) as { StatusCode: number };
        await output;
        signal?.throwIfAborted();
        if (exitCode !== 0) throw failure(exitCode, tail.lines);
      } finally {
        signal?.removeEventListener("abort", kill);
      }
    },
  };
}

/** Nothing of the image's or the engine's environment reaches the programs of a step. */
const PRELUDE = `#!/bin/sh
set -eu
[ "\${RBUILD_STEP-}" ] || exec env -i RBUILD_STEP=1 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 TZ=UTC /bin/sh "$0"
unset RBUILD_STEP
umask 022
cd /
`;

/** The directory of everything that a step puts into its container for its own use. */
export const stepDirectory = (): TarInput => tarHeader({ path: byteString(`${STEP_DIRECTORY}/`), kind: "directory", mode: 0o755 });

/** A file of root's, as old as 1970. */
export function textFile(path: string, content: string | Uint8Array, mode = 0o644): TarInput {
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  return { ...tarHeader({ path: byteString(path), kind: "file", mode, size: bytes.byteLength }), body: [bytes] };
}
