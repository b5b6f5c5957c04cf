import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { type ContainerSpec, type Engine, type EngineOptions, type ExitStatus, openEngine } from "../../../src/engine/index.ts";
import { runRootOf } from "../../../src/engine/sessions/run-root.ts";
import { unmount } from "../../../src/system/index.ts";
import { loadBusyboxImage } from "../busybox-image.ts";

export const IMAGE = "busybox:test";

/** Places of an engine that only one test uses. Disposing removes them, and fails when an engine has left anything that outlives a directory. */
export interface EnginePlace extends AsyncDisposable {
  readonly root: string;
  readonly runRoot: string;
  /** Mounts, processes, namespaces and cgroups that there are because of it, as text. */
  leftovers(): Promise<readonly string[]>;
}

/** @param options.ownRunRoot false: the run root is the one the engine itself chooses for the root */
export async function makeEnginePlace(options: { readonly ownRunRoot?: boolean } = {}): Promise<EnginePlace> {
  const root = await mkdtemp("/var/tmp/rbuild-test-engine-");
  const runRoot = options.ownRunRoot === false ? runRootOf(root) : await mkdtemp("/run/rbuild-test-");
  const place = { root, runRoot, leftovers: () => findLeftovers(root, runRoot) };
  return {
    ...place,
    async [Symbol.asyncDispose]() {
      const left = await place.leftovers();
      for (const { mountPoint } of (await mountsBelow(root, runRoot)).toReversed()) unmount(mountPoint, { lazy: true });
      for (const pid of await processesNaming(runRoot)) process.kill(pid, "SIGKILL");
      await rm(root, { recursive: true, force: true });
      await rm(runRoot, { recursive: true, force: true });
      if (left.length > 0) throw new Error(`the engine has left:\n${left.join("\n")}`);
    },
  };
}

/** An engine in a place of its own, with the busybox image. */
export async function openTestEngine(options: EngineOptions = {}): Promise<Engine & { readonly place: EnginePlace }> {
  const place = await makeEnginePlace();
  try {
    const engine = await openEngine({ root: place.root, runRoot: place.runRoot, ...options });
    await loadBusyboxImage(engine.images, IMAGE);
    return Object.assign(engine, {
      place,
      [Symbol.asyncDispose]: chain(engine[Symbol.asyncDispose].bind(engine), () => place[Symbol.asyncDispose]()),
    });
  } catch (error) {
    await Promise.resolve(place[Symbol.asyncDispose]()).catch(() => undefined);
    throw error;
  }
}

const chain = (first: () => PromiseLike<void>, second: () => PromiseLike<void>) => async () => {
  try {
    await first();
  } finally {
    await second();
  }
};

export interface RunOutcome {
  readonly exit: ExitStatus;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a shell command in a container of the busybox image to its end and removes the container. */
export async function runShell(
  engine: Engine,
  script: string,
  spec: Partial<ContainerSpec> & { readonly input?: Uint8Array | string } = {},
): Promise<RunOutcome> {
  const { input, ...rest } = spec;
  const withInput = input === undefined ? {} : { openStdin: true, stdinOnce: true };
  const container = await engine.containers.create({ image: IMAGE, command: ["sh", "-c", script], ...withInput, ...rest });
  try {
    await using streams = await engine.containers.attach(container.id, { stdin: input !== undefined, stdout: true, stderr: true });
    const ended = engine.containers.wait(container.id, "next-exit");
    ended.catch(() => undefined);
    await engine.containers.start(container.id);
    const output = collect(streams.output);
    if (input !== undefined) {
      await streams.stdin?.write(Buffer.from(input));
      await streams.stdin?.end();
    }
    return { ...(await output), exit: await ended };
  } finally {
    await engine.containers.remove(container.id, { force: true, volumes: true });
  }
}

export async function collect(
  chunks: AsyncIterable<{ readonly stream: "stdout" | "stderr"; readonly data: Uint8Array }>,
): Promise<{ stdout: string; stderr: string }> {
  const parts = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] };
  for await (const { stream, data } of chunks) parts[stream].push(data);
  return { stdout: Buffer.concat(parts.stdout).toString("latin1"), stderr: Buffer.concat(parts.stderr).toString("latin1") };
}

/** A running container of the busybox image that does nothing until it is stopped; it obeys SIGTERM at once, or does what `onTerm` says. */
export async function startIdle(engine: Engine, spec: Partial<ContainerSpec> = {}, onTerm = "exit 0"): Promise<string> {
  const script = `trap '${onTerm}' TERM; echo ready; while :; do sleep 3600 & wait; done`;
  const { id } = await engine.containers.create({ image: IMAGE, command: ["sh", "-c", script], ...spec });
  await engine.containers.start(id);
  // process 1 is deaf to signals until it has set its trap
  for await (const _ of engine.containers.logs(id, { follow: true })) break;
  return id;
}

async function findLeftovers(root: string, runRoot: string): Promise<string[]> {
  const mounts = (await mountsBelow(root, runRoot)).map(({ mountPoint }) => `mount ${mountPoint}`);
  const processes = (await processesNaming(runRoot)).map((pid) => `process ${pid}`);
  const directories = await Promise.all(["containers", "netns", "exits"].map((name) => entries(join(runRoot, name))));
  const containers = await entries(join(root, "containers"));
  const cgroups = (await Promise.all((await cgroupMounts()).map((path) => entries(join(path, "rbuild")))))
    .flat()
    .filter((path) => containers.some((id) => path.includes(id)));
  const snapshots = await activeSnapshots(root);
  return [...mounts, ...processes, ...directories.flat(), ...containers, ...cgroups, ...snapshots];
}

async function activeSnapshots(root: string): Promise<string[]> {
  const all = await entries(join(root, "snapshots"));
  const records = await Promise.all(all.map(async (path) => ({ path, isActive: (await entries(path)).includes(join(path, "work")) })));
  return records.filter(({ isActive }) => isActive).map(({ path }) => path);
}

async function mountsBelow(...directories: string[]): Promise<{ mountPoint: string }[]> {
  const lines = (await readFile("/proc/self/mountinfo", "utf8")).split("\n");
  return lines
    .flatMap((line) => line.split(" ")[4] ?? [])
    .filter((path) => directories.some((directory) => path.startsWith(`${directory}/`)))
    .map((mountPoint) => ({ mountPoint }));
}

async function processesNaming(text: string): Promise<number[]> {
  const pids = (await readdir("/proc")).map(Number).filter((pid) => Number.isSafeInteger(pid) && pid !== process.pid);
  const lines = await Promise.all(pids.map(async (pid) => ({ pid, line: await readFile(`/proc/${pid}/cmdline`, "latin1").catch(() => "") })));
  return lines.filter(({ line }) => /^(\S*conmon|\S*runc|\S*crun|\S*perl)\0/.test(line) && line.includes(text)).map(({ pid }) => pid);
}

async function cgroupMounts(): Promise<string[]> {
  const lines = (await readFile("/proc/self/mountinfo", "utf8")).split("\n");
  return lines.filter((line) => / - cgroup2? /.test(line)).flatMap((line) => line.split(" ")[4] ?? []);
}

async function entries(directory: string): Promise<string[]> {
  return (await readdir(directory).catch(() => [])).map((name) => join(directory, name));
}
