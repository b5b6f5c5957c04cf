import { spawn } from "node:child_process";
import { once } from "node:events";
import type { StepOutput, StepRunner } from "../../../src/make-runner/index.ts";
import { toolEnvironment } from "../../../src/system/index.ts";

/** Runs steps as processes of this host, each in a process group of its own. */
export function processStepRunner(directory: string): StepRunner {
  return {
    async start({ args }, options = {}) {
      const [command = "", ...rest] = args;
      const child = spawn(command, rest, { cwd: directory, env: toolEnvironment(), stdio: ["ignore", "pipe", "pipe"], detached: true });
      const kill = () => {
        try {
          if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
        } catch {
          // Gone already.
        }
      };
      options.signal?.addEventListener("abort", kill, { once: true });
      const closed = once(child, "close") as Promise<[number | null]>;
      return {
        output: merge(child.stdout, child.stderr),
        async exit() {
          const [code] = await closed;
          options.signal?.throwIfAborted();
          return { kind: "exited", code: code ?? 137 };
        },
        async [Symbol.asyncDispose]() {
          kill();
          await closed;
        },
      };
    },
  };
}

async function* merge(stdout: AsyncIterable<Uint8Array>, stderr: AsyncIterable<Uint8Array>): AsyncGenerator<StepOutput> {
  const sources = { stdout: stdout[Symbol.asyncIterator](), stderr: stderr[Symbol.asyncIterator]() };
  const next = (stream: StepOutput["stream"]) => sources[stream].next().then((result) => ({ stream, result }));
  const pending = new Map<StepOutput["stream"], ReturnType<typeof next>>([
    ["stdout", next("stdout")],
    ["stderr", next("stderr")],
  ]);
  while (pending.size > 0) {
    const { stream, result } = await Promise.race(pending.values());
    if (result.done) pending.delete(stream);
    else {
      pending.set(stream, next(stream));
      yield { stream, data: result.value };
    }
  }
}
