import { mkdtemp, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { execa } from "execa";
import { type Engine, openEngine } from "../src/engine/index.ts";
import { busyboxRootfsTar, loadBusyboxImage } from "../test/support/busybox-image.ts";
import { type Bench, interleave, medianOf, type Way } from "./support/bench.ts";
import { startPrivateDocker } from "./support/private-dockerd.ts";
import { startServedEngine } from "./support/served-engine.ts";

const IMAGE = "bench/busybox:1";
const ROUNDS = 15;
const rbuild = resolve(import.meta.dirname, "../bin/rbuild");

const way = {
  docker: "docker run --rm IMAGE true, Debian's dockerd",
  served: "docker run --rm IMAGE true, rbuild engine serve",
  command: "rbuild run IMAGE true",
  embedded: "the same in a process that has the engine open",
} as const;

/** `run --rm IMAGE true` with a bridge network, from nothing to removed. */
export const bench: Bench = {
  description: "run --rm IMAGE true, bridge network included",
  async run(say) {
    const directory = await mkdtemp("/var/tmp/rbuild-bench-run-");
    await using _directory = { [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }) };
    const places = { root: join(directory, "engine"), runRoot: join(directory, "run") };
    say("starting Debian's dockerd");
    await using docker = await startPrivateDocker();
    await docker.docker("import", await busyboxRootfsTar(), IMAGE);
    say("opening the embedded engine");
    await using engine = await openEngine({ ...places, lifetime: "session" });
    await loadBusyboxImage(engine.images, IMAGE);
    await using served = await startServedEngine(places);

    const client = (host: string) => async () =>
      void (await execa("docker", ["run", "--rm", IMAGE, "true"], { env: { DOCKER_HOST: host, DOCKER_CONFIG: directory } }));
    const ways = new Map<string, Way>([
      [way.docker, client(docker.host)],
      [way.served, client(served.host)],
      [way.command, async () => void (await execa(rbuild, ["run", "--engine-root", places.root, "--run-root", places.runRoot, IMAGE, "true"]))],
      [way.embedded, () => runTrue(engine)],
    ]);
    say("once each, unmeasured");
    await interleave(ways, 1);
    say(`${ROUNDS} rounds`);
    const rows = await interleave(ways, ROUNDS);
    const byWay = new Map(rows.map((row) => [row.what, medianOf(row)]));
    const ratio = (what: string) => (byWay.get(what) ?? Number.NaN) / (byWay.get(way.docker) ?? Number.NaN);
    return {
      rows,
      ratios: [
        { what: "embedded engine / docker run", value: ratio(way.embedded), limit: 0.25 },
        { what: "served engine / docker run", value: ratio(way.served), limit: 0.3 },
        // Node starts in this, and all code runs for the first time: docs/start-up.md
        { what: "rbuild run / docker run", value: ratio(way.command), limit: 0.6 },
      ],
      checks: [],
    };
  },
};

async function runTrue(engine: Engine): Promise<void> {
  const { id } = await engine.containers.create({ image: IMAGE, command: ["true"] });
  await engine.containers.start(id);
  const exit = await engine.containers.wait(id);
  await engine.containers.remove(id, { volumes: true });
  if (exit.code !== 0) throw new Error(`true exited with ${exit.code}`);
}
