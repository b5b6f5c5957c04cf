import { type Answer, empty } from "../../http/answer.ts";
import { errorBody } from "../../http/error-body.ts";
import { invalidParameter, type Query } from "../../http/query.ts";
import type { ApiRequest, Handler } from "../../http/router.ts";

const id = (request: ApiRequest): string => request.params["id"] ?? "";
const timeoutOf = (query: Query) => {
  const timeout = query.integer("t");
  return timeout === undefined ? {} : { timeout };
};
/** Docker's answer when there was nothing to do. */
const done = (changed: boolean): Answer => empty(changed ? 204 : 304);

export const startContainer: Handler = async (request, { engine }) => done(await engine.containers.start(id(request)));

export const stopContainer: Handler = async (request, { engine }) => done(await engine.containers.stop(id(request), timeoutOf(request.query)));

export const restartContainer: Handler = async (request, { engine }) => {
  await engine.containers.restart(id(request), timeoutOf(request.query));
  return empty();
};

export const killContainer: Handler = async (request, { engine }) => {
  const signal = request.query.text("signal");
  await engine.containers.kill(id(request), signal !== undefined && /^\d+$/.test(signal) ? Number(signal) : signal);
  return empty();
};

export const pauseContainer: Handler = async (request, { engine }) => {
  await engine.containers.pause(id(request));
  return empty();
};

export const unpauseContainer: Handler = async (request, { engine }) => {
  await engine.containers.unpause(id(request));
  return empty();
};

export const renameContainer: Handler = async (request, { engine }) => {
  await engine.containers.rename(id(request), request.query.required("name").replace(/^\//, ""));
  return empty();
};

export const removeContainer: Handler = async (request, { engine }) => {
  const { query } = request;
  if (query.flag("link")) throw invalidParameter("link", "1", "supported: links end with their container");
  await engine.containers.remove(id(request), { force: query.flag("force"), volumes: query.flag("v") });
  return empty();
};

/** Docker's exit code for "the engine failed, not the container". */
const WAIT_FAILED = 125;
const CONDITIONS = ["not-running", "next-exit", "removed"] as const;

/** The headers go out as soon as the engine is waiting, because clients start the container when they see them. */
export const waitContainer: Handler = async (request, { engine }) => {
  const text = request.query.text("condition") ?? "not-running";
  const condition = CONDITIONS.find((name) => name === text);
  if (!condition) throw invalidParameter("condition", text, CONDITIONS.join(", "));
  await engine.containers.get(id(request));
  const exit = engine.containers.wait(id(request), condition, { signal: request.signal });
  return {
    kind: "pending-json",
    value: exit.then(
      ({ code }) => ({ StatusCode: code }),
      (error: unknown) => ({ StatusCode: WAIT_FAILED, Error: { Message: errorBody(error).message } }),
    ),
  };
};

export const resizeContainer: Handler = async (request, { engine }) => {
  await engine.containers.resize(id(request), sizeOf(request.query));
  return empty(200);
};

/** `h` and `w` of a resize request. */
export function sizeOf(query: Query): { readonly rows: number; readonly columns: number } {
  const side = (name: string) => {
    const value = query.integer(name);
    if (value === undefined || value < 0 || value > 65_535) throw invalidParameter(name, query.text(name) ?? "", "a number of characters");
    return value;
  };
  return { rows: side("h"), columns: side("w") };
}
