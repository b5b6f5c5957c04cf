import { mkdtemp, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { execa } from "execa";
import { copyExample, type ExampleTree, sha256 } from "../test/support/example-tree.ts";
import { type Bench, interleave, medianOf, type Way } from "./support/bench.ts";
import { buildByHand, startCache } from "./support/lb-by-hand.ts";
import { startPrivateDocker } from "./support/private-dockerd.ts";
import { startServedEngine } from "./support/served-engine.ts";

const ROUNDS = Number(process.env["RBUILD_BENCH_ROUNDS"] ?? 2);
const ISO = "live-amd64.iso";
const IMAGES = ["rbuild/builder", "rbuild/apt-cacher-ng"] as const;
const repository = resolve(import.meta.dirname, "..");
/** The engine's default place: the images and the package cache that `rbuild iso` uses. */
const PLACES = { root: "/var/lib/rbuild/engine", runRoot: "/run/rbuild" };

const way = { rbuild: "rbuild iso, whole command", docker: "docker run … make iso, Debian's dockerd" } as const;

/** The same commit, image, mirror, capabilities and warm package cache; by hand the cache's container is up before the clock starts. */
export const bench: Bench = {
  description: "examples/live: rbuild iso, and lb build by hand in Debian's docker",
  async run(say) {
    await using tree = await copyExample("live");
    const directory = await mkdtemp("/var/tmp/rbuild-bench-iso-");
    await using _directory = { [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }) };
    const mirror = (await execa(join(tree.directory, "scripts/host-mirror"), ["bookworm"])).stdout;
    const output = { rbuild: tree.output, docker: join(directory, "by-hand") };

    say("building once with rbuild, unmeasured: images and package cache");
    await rbuildIso(tree, mirror);
    await using docker = await startPrivateDocker();
    say("loading the images into Debian's dockerd");
    const [builder, proxy] = await loadImages(docker.host);
    const cache = join(PLACES.root, "volumes/rbuild-apt-cache/_data");

    const byHand = async () => {
      await using running = await startCache(docker, proxy, cache);
      const start = performance.now();
      await buildByHand(docker, { image: builder, cache: running.name, tree: tree.directory, output: output.docker, mirror });
      return performance.now() - start;
    };
    say(`${ROUNDS} rounds of both`);
    const rows = await interleave(
      new Map<string, Way>([
        [way.rbuild, () => rbuildIso(tree, mirror)],
        [way.docker, byHand],
      ]),
      ROUNDS,
    );
    const [ours, theirs] = rows.map(medianOf);
    const [ourDigest, theirDigest] = [await sha256(join(output.rbuild, ISO)), await sha256(join(output.docker, ISO))];
    return {
      rows,
      ratios: [{ what: "rbuild iso / by hand", value: (ours ?? Number.NaN) / (theirs ?? Number.NaN), limit: 1.05 }],
      checks: [{ what: "same bytes from both engines", holds: ourDigest === theirDigest, detail: `sha256 ${ourDigest} and ${theirDigest}` }],
    };
  },
};

async function rbuildIso(tree: ExampleTree, mirror: string): Promise<void> {
  await execa(join(repository, "bin/rbuild"), ["iso", "--plain", "-C", tree.directory, "--output", tree.output, "--mirror", mirror]);
}

/** From the embedded engine's store, by `docker save` and `load`. Ids are equal: both name the config's digest. */
async function loadImages(host: string): Promise<readonly [builder: string, proxy: string]> {
  await using served = await startServedEngine(PLACES);
  const found: string[] = [];
  for (const name of IMAGES) {
    const from = { env: { DOCKER_HOST: served.host } };
    const { stdout } = await execa("docker", ["images", "--format", "{{.Repository}}:{{.Tag}}", name], from);
    const [reference] = stdout.split("\n");
    if (!reference) throw new Error(`the embedded engine has no ${name}`);
    const quietly = { buffer: false } as const;
    await execa("docker", ["save", reference], { ...from, ...quietly }).pipe("docker", ["load"], { env: { DOCKER_HOST: host }, ...quietly });
    found.push(reference);
  }
  const [builder = "", proxy = ""] = found;
  return [builder, proxy];
}
