import type { Engine, OutputChunk } from "../../../engine/index.ts";
import { RbuildError } from "../../../system/index.ts";
import type { Handler } from "../../http/router.ts";
import { parseDetachKeys } from "../../streams/detach-keys.ts";
import { exchange } from "../../streams/exchange.ts";
import { streamContentType } from "../../streams/frames.ts";

/** Joins the client to the container's streams: what it wrote before with `logs`, what comes with `stream`. */
export const attachContainer: Handler = async ({ params, query, version, signal }, { engine, clock }) => {
  const id = params["id"] ?? "";
  const info = await engine.containers.get(id);
  const tty = info.spec.tty ?? false;
  const [stdin, stdout, stderr] = [query.flag("stdin"), query.flag("stdout"), query.flag("stderr")];
  const [stream, logs, detachKeys] = [query.flag("stream"), query.flag("logs"), query.text("detachKeys")];
  if (info.state.kind === "running" && info.state.paused) {
    throw new RbuildError("server.container-paused", `Container ${id} is paused. Unpause the container before attach`, {
      category: "conflict",
      hint: "docker unpause",
    });
  }
  if (detachKeys !== undefined) parseDetachKeys(detachKeys);
  const attachedAt = clock.now().getTime() / 1000;
  const streams = stream ? await engine.containers.attach(id, { stdin, stdout, stderr, signal }) : noStreams();
  const before = logs ? { before: pastOutput(engine, id, { stdout, stderr }, attachedAt) } : {};
  return {
    kind: "hijack",
    contentType: streamContentType({ tty, minor: version.minor }),
    exchange: (wire) => exchange(streams, wire, { tty, stdout: stdout || tty, stderr, ...(detachKeys === undefined ? {} : { detachKeys }), ...before }),
  };
};

async function* pastOutput(
  engine: Engine,
  id: string,
  which: { readonly stdout: boolean; readonly stderr: boolean },
  until: number,
): AsyncGenerator<OutputChunk> {
  for await (const { stream, data } of engine.containers.logs(id, { ...which, until })) yield { stream, data };
}

const noStreams = () => ({ output: nothing(), [Symbol.asyncDispose]: () => Promise.resolve() });

async function* nothing(): AsyncGenerator<OutputChunk> {
  // Only the logs are wanted, or nothing.
}
