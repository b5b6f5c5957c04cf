import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { execa } from "execa";
import { parse } from "yaml";
import type { PrivateDocker } from "./private-dockerd.ts";

const CACHE_NAME = "apt-cacher-ng";
const CACHE_PORT = 3142;

/** apt-cacher-ng on the given cache directory, answering. */
export async function startCache({ docker }: PrivateDocker, image: string, directory: string): Promise<AsyncDisposable & { readonly name: string }> {
  await docker("run", "--detach", "--rm", "--name", CACHE_NAME, "--cap-drop", "ALL", "--volume", `${directory}:/var/cache/apt-cacher-ng`, image);
  const isAnswering = () => docker("exec", CACHE_NAME, "bash", "-c", `exec 3<>/dev/tcp/127.0.0.1/${CACHE_PORT}`);
  for (let tries = 0; ; tries++) {
    try {
      await isAnswering();
      break;
    } catch (error) {
      if (tries === 50) throw error;
      await setTimeout(200);
    }
  }
  return { name: CACHE_NAME, [Symbol.asyncDispose]: async () => void (await docker("stop", CACHE_NAME)) };
}

export interface HandBuild {
  readonly image: string;
  /** Name of the cache's container. */
  readonly cache: string;
  readonly tree: string;
  readonly output: string;
  readonly mirror: string;
}

/** What somebody types who has Docker and not rbuild: the same container, asked for with the same words. */
export async function buildByHand({ docker }: PrivateDocker, build: HandBuild): Promise<void> {
  await mkdir(build.output, { recursive: true });
  const { capabilities } = parse(await readFile(join(build.tree, "rbuild.yaml"), "utf8")) as { readonly capabilities: readonly string[] };
  const git = async (...args: string[]) => (await execa("git", args, { cwd: build.tree })).stdout;
  const environment = {
    LC_ALL: "C.UTF-8",
    TZ: "UTC",
    SOURCE_DATE_EPOCH: await git("log", "-1", "--format=%ct"),
    RBUILD_SCRATCH: "/scratch",
    RBUILD_OUTPUT: "/output",
    RBUILD_GIT_COMMIT: await git("rev-parse", "HEAD"),
    RBUILD_MIRROR: build.mirror,
    http_proxy: `http://${build.cache}:${CACHE_PORT}/`,
  };
  const fixed = "run --rm --workdir /source --security-opt seccomp=unconfined --cap-drop ALL".split(" ");
  const named = ["--link", build.cache, "--volume", `${build.tree}:/source:ro`, "--volume", `${build.output}:/output`];
  const granted = capabilities.flatMap((capability) => ["--cap-add", capability]);
  const variables = Object.entries(environment).flatMap(([key, value]) => ["--env", `${key}=${value}`]);
  await docker(...fixed, ...named, ...granted, ...variables, build.image, "make", "iso");
}
