import { setTimeout as sleep } from "node:timers/promises";
import type { ContainerInfo } from "../../../engine/index.ts";
import { type CgroupUsage, readCgroupUsage } from "../../../system/index.ts";
import type { ServerContext } from "../../context.ts";
import { json } from "../../http/answer.ts";
import type { Handler } from "../../http/router.ts";
import { type StatsSample, statsAnswer } from "../../translate/answer/stats.ts";

const INTERVAL_MS = 1000;

/** One sample with `one-shot`, two a second apart with `stream=0`, else one every second for as long as the container is there. */
export const getStats: Handler = async ({ params, query, signal }, context) => {
  const id = params["id"] ?? "";
  const first = await takeSample(id, context);
  if (query.flag("stream", true)) return { kind: "json-lines", values: samples(first, id, signal, context), flush: true };
  if (query.flag("one-shot") || first.usage === undefined) return json(statsAnswer(first, undefined));
  await sleep(INTERVAL_MS, undefined, { signal });
  return json(statsAnswer(await takeSample(id, context), first));
};

async function* samples(first: StatsSample, id: string, signal: AbortSignal, context: ServerContext): AsyncGenerator {
  for (let previous: StatsSample | undefined, current = first; ; ) {
    yield statsAnswer(current, previous);
    previous = current;
    const stopped = await sleep(INTERVAL_MS, false, { signal }).catch(() => true);
    if (stopped) return;
    current = await takeSample(id, context);
  }
}

async function takeSample(id: string, { engine, clock }: ServerContext): Promise<StatsSample> {
  const [info, { memory, cpus }] = await Promise.all([engine.containers.get(id), engine.info()]);
  return { id: info.id, name: info.name, at: clock.now(), usage: await usageOf(info), hostMemory: memory, hostCpus: cpus };
}

const usageOf = (info: ContainerInfo): Promise<CgroupUsage | undefined> =>
  info.state.kind === "running" ? readCgroupUsage(info.state.pid) : Promise.resolve(undefined);
