import type Docker from "dockerode";
import type { ContainerHost } from "./container-host.ts";
import { type ContainerOutput, readFrames } from "./frames.ts";
import { asked, askedIfThere, hostError } from "./host-error.ts";

/** Why a container's command ended. */
export type ContainerExit = { readonly kind: "exited"; readonly code: number } | { readonly kind: "out-of-memory"; readonly code: number };

/** A container that was made and not started. Disposing removes it with its anonymous volumes, running or not. */
export interface CreatedContainer extends AsyncDisposable {
  readonly id: string;
  readonly container: Docker.Container;
  /** What the host could not give, one sentence each. */
  readonly warnings: readonly string[];
  /** Starts it. An abort of the signal breaks the output off; the container is ended by disposing it. */
  start(options?: { readonly signal?: AbortSignal }): Promise<StartedContainer>;
}

export interface StartedContainer {
  /** All output from the first byte on, in order of arrival. */
  readonly output: AsyncIterable<ContainerOutput>;
  exit(): Promise<ContainerExit>;
}

export async function createContainer(host: ContainerHost, options: Docker.ContainerCreateOptions): Promise<CreatedContainer> {
  const name = options.name ?? options.Image ?? "";
  const container = await asked(`create the container ${name}`, host.createContainer(options));
  // dockerode hands on the API's answer in the object but not in its type.
  const { Warnings: warnings } = container as { readonly Warnings?: readonly string[] | null };
  return {
    id: container.id,
    container,
    warnings: warnings ?? [],
    start: (startOptions) => startContainer(container, name, startOptions?.signal),
    [Symbol.asyncDispose]: () => removeContainer(container, name),
  };
}

async function startContainer(container: Docker.Container, name: string, signal: AbortSignal | undefined): Promise<StartedContainer> {
  signal?.throwIfAborted();
  const stream = await asked(`read the output of the container ${name}`, container.attach({ stream: true, stdout: true, stderr: true }));
  const breakOff = () => (stream as unknown as { destroy(error?: Error): void }).destroy();
  signal?.addEventListener("abort", breakOff, { once: true });
  try {
    await asked(`start the container ${name}`, container.start());
  } catch (error) {
    breakOff();
    throw error;
  }
  return {
    output: outputOf(stream as unknown as AsyncIterable<Uint8Array>, name, signal),
    async exit() {
      const { StatusCode: code } = (await asked(`wait for the container ${name}`, waitFor(container, signal))) as { StatusCode: number };
      signal?.throwIfAborted();
      const { State: state } = await asked(`look at the container ${name}`, container.inspect());
      return { kind: state.OOMKilled ? "out-of-memory" : "exited", code };
    },
  };
}

async function waitFor(container: Docker.Container, signal: AbortSignal | undefined): Promise<unknown> {
  try {
    return await container.wait(signal ? { abortSignal: signal } : {});
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}

async function* outputOf(stream: AsyncIterable<Uint8Array>, name: string, signal: AbortSignal | undefined): AsyncGenerator<ContainerOutput> {
  try {
    yield* readFrames(stream);
  } catch (error) {
    signal?.throwIfAborted();
    throw hostError(`read the output of the container ${name}`, error);
  }
  signal?.throwIfAborted();
}

/** Removes a container, running or not, with its anonymous volumes. Does nothing when it is gone. */
export async function removeContainer(container: Docker.Container, name = container.id): Promise<void> {
  try {
    await askedIfThere(`remove the container ${name}`, container.remove({ force: true, v: true }));
  } catch (error) {
    // 409: somebody else removes it at this moment.
    if (!(error instanceof Error && "details" in error && (error.details as { status?: number }).status === 409)) throw error;
  }
}

/** Runs a container to its end and keeps what it printed, each stream up to `maxOutput` bytes. */
export async function runContainer(
  host: ContainerHost,
  options: Docker.ContainerCreateOptions,
  { signal, maxOutput }: { readonly signal?: AbortSignal; readonly maxOutput: number },
): Promise<{ readonly exit: ContainerExit; readonly stdout: string; readonly stderr: string; readonly isCut: boolean }> {
  await using created = await createContainer(host, options);
  const started = await created.start(signal ? { signal } : {});
  const kept = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] };
  const bytes = { stdout: 0, stderr: 0 };
  let isCut = false;
  for await (const { stream, data } of started.output) {
    const part = Buffer.from(data.subarray(0, maxOutput - bytes[stream]));
    isCut ||= part.byteLength < data.byteLength;
    bytes[stream] += part.byteLength;
    kept[stream].push(part);
  }
  const exit = await started.exit();
  return { exit, stdout: Buffer.concat(kept.stdout).toString("utf8"), stderr: Buffer.concat(kept.stderr).toString("utf8"), isCut };
}
