import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import { readFrames } from "./frames.ts";
import { asked } from "./host-error.ts";

const MAX_EXEC_OUTPUT = 1024 * 1024;
/** Milliseconds. */
const LOOK_INTERVAL = 20;

/** Runs a command in a running container to its end. Output over 1 MiB is dropped. */
export async function execInContainer(
  container: Docker.Container,
  command: readonly string[],
  options: { readonly signal?: AbortSignal } = {},
): Promise<{ readonly exitCode: number; readonly output: string }> {
  const abort = options.signal ? { abortSignal: options.signal } : {};
  const what = `run ${command[0]} in the container ${container.id.slice(0, 12)}`;
  const exec = await asked(what, container.exec({ Cmd: [...command], AttachStdout: true, AttachStderr: true, ...abort }));
  const stream = await asked(what, exec.start({ ...abort }));
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const { data } of readFrames(stream)) {
    const part = Buffer.from(data.subarray(0, MAX_EXEC_OUTPUT - size));
    size += part.byteLength;
    parts.push(part);
  }
  for (;;) {
    options.signal?.throwIfAborted();
    const { Running: isRunning, ExitCode: exitCode } = await asked(what, exec.inspect());
    if (!isRunning) return { exitCode: exitCode ?? -1, output: Buffer.concat(parts).toString("utf8") };
    // dockerd ends the output before it knows the exit code
    await sleep(LOOK_INTERVAL);
  }
}
