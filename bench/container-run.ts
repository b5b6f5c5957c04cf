import { mkdtemp, rm } from "node:fs/promises";
import { openEngine } from "../src/engine/index.ts";
import { loadBusyboxImage } from "../test/support/busybox-image.ts";

/**
 * What `run --rm IMAGE true` costs in the engine, by phase, in milliseconds: medians of ROUNDS runs.
 * Usage: node bench/container-run.ts [runc|crun] [bridge|host|none]
 */
const ROUNDS = 30;
const [runtime, network = "bridge"] = process.argv.slice(2);
const root = await mkdtemp("/var/tmp/rbuild-bench-");
const phases = new Map<string, number[]>();
let last = 0;

function lap(phase: string): void {
  const now = performance.now();
  phases.set(phase, [...(phases.get(phase) ?? []), now - last]);
  last = now;
}

try {
  last = performance.now();
  await using engine = await openEngine({ root, runRoot: `${root}/run`, ...(runtime === "runc" || runtime === "crun" ? { runtime } : {}) });
  lap("open");
  await loadBusyboxImage(engine.images);
  for (let round = 0; round < ROUNDS; round++) {
    const began = performance.now();
    last = began;
    const { id } = await engine.containers.create({ image: "busybox:test", command: ["true"], networks: [{ network }] });
    lap("create");
    const streams = await engine.containers.attach(id, { stdin: false, stdout: true, stderr: true });
    const ended = engine.containers.wait(id, "next-exit");
    lap("attach");
    await engine.containers.start(id);
    lap("start");
    await ended;
    for await (const _ of streams.output);
    lap("wait");
    await engine.containers.remove(id);
    lap("remove");
    last = began;
    lap("total");
  }
  const { runtime: chosen } = await engine.info();
  console.log(`${chosen.name} ${chosen.version}, network ${network}`);
} finally {
  await rm(root, { recursive: true, force: true });
}
for (const [phase, times] of phases) {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (part: number) => (sorted[Math.floor((sorted.length - 1) * part)] ?? 0).toFixed(1).padStart(7);
  console.log(`${phase.padEnd(8)} median ${at(0.5)}  least ${at(0)}  90% ${at(0.9)}`);
}
