import { randomBytes } from "node:crypto";
import type {
  AttachedStreams,
  BuildEvent,
  BuildOptions,
  ContainerId,
  ContainerInfo,
  ContainerSpec,
  Containers,
  Engine,
  EngineEvent,
  ExecInfo,
  ExitStatus,
  Image,
  LogEntry,
  OutputChunk,
} from "../../src/engine/index.ts";
import { type Descriptor, digestOf, type ImageConfig, type ImageId, MEDIA_TYPE, referenceText } from "../../src/oci/index.ts";
import { RbuildError } from "../../src/system/index.ts";

/** What a fake container's process does: writes, reads its stdin, ends with a code. */
export type FakeProcess = (io: {
  readonly args: readonly string[];
  readonly write: (stream: "stdout" | "stderr", text: string) => void;
  readonly stdin: Promise<Buffer>;
}) => Promise<number>;

/** The names under which the engine's errors tell what was looked for. */
const SUBJECT = { container: "container", image: "lookup", volume: "name", network: "network", exec: "id" } as const;
const notFound = (area: keyof typeof SUBJECT, lookup: string) =>
  new RbuildError(area === "exec" ? "container.exec-not-found" : `${area}.not-found`, `there is no ${area} ${lookup}`, {
    category: "not-found",
    details: { [SUBJECT[area]]: lookup },
  });
const notFaked = () => Promise.reject(new RbuildError("fake.not-done", "the fake engine does not do this"));

/**
 * The engine's port in memory, for tests of routing and translation alone: containers are lists of chunks, nothing is run.
 * `created` holds the specs the server asked for.
 */
export function createFakeEngine(process: FakeProcess = echo): Engine & { readonly created: ContainerSpec[]; readonly builds: BuildOptions[] } {
  const images = new Map<string, Image>([["busybox:test", fakeImage(["busybox:test"])]]);
  const containers = new Map<string, FakeContainer>();
  const execs = new Map<string, { info: ExecInfo; streams: ReturnType<typeof runProcess> | undefined }>();
  const volumes = new Map<string, { name: string; mountpoint: string; createdAt: string; labels: Record<string, string>; anonymous: boolean }>();
  const listeners = new Set<(event: EngineEvent) => void>();
  const created: ContainerSpec[] = [];
  const builds: BuildOptions[] = [];

  const publish = (kind: EngineEvent["kind"], action: string, id: string, attributes: Record<string, string>) => {
    const event = { kind, action, id, attributes, timeNano: BigInt(Date.now()) * 1_000_000n + 1n };
    for (const listener of listeners) listener(event);
  };
  const lookupContainer = (lookup: string): FakeContainer => {
    const found = [...containers.values()].find(({ info }) => info.id === lookup || info.name === lookup || (lookup.length >= 4 && info.id.startsWith(lookup)));
    if (!found) throw notFound("container", lookup);
    return found;
  };
  const findImage = (lookup: string) =>
    [...images.values()].find((image) => image.id === lookup || image.references.includes(lookup) || image.references.includes(`${lookup}:latest`));

  const api: Partial<Containers> = {
    async create(spec) {
      const image = findImage(spec.image);
      if (!image) throw notFound("image", spec.image);
      if (spec.name !== undefined && [...containers.values()].some(({ info }) => info.name === spec.name)) {
        throw new RbuildError("container.name-in-use", `the name ${spec.name} is taken`, { category: "conflict" });
      }
      created.push(spec);
      const info = fakeContainer(spec, image);
      containers.set(info.id, { info, run: undefined, waiting: new Set() });
      publish("container", "create", info.id, { image: spec.image, name: info.name });
      return info;
    },
    get: async (lookup) => lookupContainer(lookup).info,
    list: async () => [...containers.values()].map(({ info }) => info),
    async start(lookup) {
      const container = lookupContainer(lookup);
      if (container.info.state.kind === "running") return false;
      container.run ??= runProcess(process, container.info.process.args, container.info.spec.openStdin ?? false);
      const startedAt = new Date().toISOString();
      container.info = { ...container.info, state: { kind: "running", pid: 4242, startedAt } };
      publish("container", "start", container.info.id, { image: container.info.spec.image, name: container.info.name });
      container.run.go();
      void container.run.exit.then((code) => {
        const exit: ExitStatus = { kind: "exited", code };
        container.info = { ...container.info, state: { kind: "exited", exit, startedAt, finishedAt: new Date().toISOString() } };
        publish("container", "die", container.info.id, { image: container.info.spec.image, name: container.info.name, exitCode: String(code) });
        if (container.info.spec.autoRemove) containers.delete(container.info.id);
        for (const wake of container.waiting) wake(exit);
      });
      return true;
    },
    async attach(lookup) {
      const container = lookupContainer(lookup);
      container.run ??= runProcess(process, container.info.process.args, container.info.spec.openStdin ?? false);
      return container.run.attach();
    },
    async *logs(lookup, options) {
      const { run } = lookupContainer(lookup);
      let second = 0;
      const entries = (run?.past ?? []).map(({ stream, data }): LogEntry => ({ stream, time: `2026-01-02T03:04:0${second++ % 10}.000000000Z`, data }));
      yield* entries.filter(({ stream }) => options?.[stream]).slice(options?.tail === undefined ? 0 : -options.tail);
    },
    resize: async (lookup) => void lookupContainer(lookup),
    wait(lookup, condition = "not-running") {
      const container = lookupContainer(lookup);
      const { state } = container.info;
      if (condition === "not-running" && state.kind === "exited") return Promise.resolve(state.exit);
      return new Promise((resolve) => container.waiting.add(resolve));
    },
    async kill(lookup) {
      const { info } = lookupContainer(lookup);
      if (info.state.kind !== "running") throw new RbuildError("container.not-running", `${lookup} is not running`, { category: "conflict" });
    },
    stop: async (lookup) => lookupContainer(lookup).info.state.kind === "running",
    rename: async (lookup, name) => {
      const container = lookupContainer(lookup);
      container.info = { ...container.info, name };
    },
    async remove(lookup, options) {
      const { info } = lookupContainer(lookup);
      if (info.state.kind === "running" && !options?.force) throw new RbuildError("container.running", `${lookup} is running`, { category: "conflict" });
      containers.delete(info.id);
    },
    changes: async (lookup) => (lookupContainer(lookup), []),
    async statPath(lookup, path) {
      lookupContainer(lookup);
      if (path !== "/bin") throw new RbuildError("container.path-not-found", `there is no ${path}`, { category: "not-found" });
      return { name: "bin", size: 4096, mode: 0o040755, mtime: new Date(0), linkTarget: "" };
    },
    top: async (lookup, args) => (lookupContainer(lookup), { titles: args?.length ? [...args] : ["PID"], processes: [["1"]] }),
    async createExec(lookup, spec) {
      const { info } = lookupContainer(lookup);
      const exec: ExecInfo = { id: randomBytes(32).toString("hex"), containerId: info.id, spec, running: false };
      execs.set(exec.id, { info: exec, streams: undefined });
      return exec;
    },
    async startExec(id) {
      const exec = execs.get(id);
      if (!exec) throw notFound("exec", id);
      exec.streams = runProcess(process, exec.info.spec.command, exec.info.spec.attachStdin ?? false);
      const attached = exec.streams.attach();
      exec.streams.go();
      void exec.streams.exit.then((exitCode) => (exec.info = { ...exec.info, running: false, exitCode }));
      return attached;
    },
    async getExec(id) {
      const exec = execs.get(id);
      if (!exec) throw notFound("exec", id);
      return exec.info;
    },
  };

  return {
    created,
    builds,
    containers: orReject(api) as Containers,
    images: orReject({
      find: async (lookup: string) => findImage(lookup),
      async get(lookup: string) {
        const image = findImage(lookup);
        if (!image) throw notFound("image", lookup);
        return image;
      },
      list: async () => [...images.values()],
      async tag(_manifest: Descriptor, reference: Parameters<typeof referenceText>[0]) {
        images.set(referenceText(reference), fakeImage([...images.keys(), referenceText(reference)].toSorted()));
      },
      async remove(lookup: string) {
        if (!findImage(lookup)) throw notFound("image", lookup);
        return { untagged: [lookup], deleted: [] };
      },
    }),
    volumes: orReject({
      async create(spec: { name?: string; labels?: Record<string, string> }) {
        const name = spec.name ?? randomBytes(32).toString("hex");
        const volume = { name, mountpoint: `/fake/${name}`, createdAt: "2026-01-01T00:00:00Z", labels: spec.labels ?? {}, anonymous: spec.name === undefined };
        volumes.set(name, volume);
        return volume;
      },
      async get(name: string) {
        const volume = volumes.get(name);
        if (!volume) throw notFound("volume", name);
        return volume;
      },
      list: async () => [...volumes.values()],
      remove: async (name: string) => void volumes.delete(name),
    }),
    networks: orReject({
      list: async () => [fakeNetwork("bridge"), fakeNetwork("none")],
      async get(lookup: string) {
        if (lookup !== "bridge") throw notFound("network", lookup);
        return fakeNetwork("bridge");
      },
    }),
    snapshots: orReject({ usage: async () => 7 }),
    content: orReject({}),
    builder: {
      async build(options: BuildOptions, report?: (event: BuildEvent) => void) {
        builds.push(options);
        let size = 0;
        for await (const chunk of options.context) size += chunk.byteLength;
        if (size === 0) throw new RbuildError("dockerfile.missing", "Cannot locate specified Dockerfile: Dockerfile", { category: "invalid" });
        report?.({ kind: "step.started", index: 1, total: 1, instruction: "FROM busybox:test" });
        if (options.target === "broken") {
          throw new RbuildError("build.step-failed", "The command '/bin/sh -c exit 3' returned a non-zero code: 3", { details: { exitCode: 3 } });
        }
        const image = images.get("busybox:test") as Image;
        report?.({ kind: "step.finished", index: 1, imageId: image.id });
        return image;
      },
    },
    events: {
      publish: ({ kind, action, id, attributes }: Omit<EngineEvent, "timeNano">) => publish(kind, action, id, { ...attributes }),
      subscribe: (signal?: AbortSignal) => subscribe(listeners, signal),
    },
    async info() {
      return {
        id: "fake",
        root: "/fake",
        runRoot: "/run/fake",
        version: "0.0.1",
        runtime: { name: "runc", path: "/usr/sbin/runc", version: "1.1.5" },
        cgroup: { hierarchy: "hybrid", controllers: ["memory", "cpu", "pids"] },
        kernel: "6.18",
        architecture: "amd64",
        cpus: 2,
        memory: 1024,
        warnings: [],
      };
    },
    collectGarbage: async () => ({ blobs: 0, snapshots: 0, bytes: 12 }),
    fsck: async () => ({ checked: {}, findings: [] }),
    [Symbol.asyncDispose]: async () => undefined,
  } as unknown as Engine & { created: ContainerSpec[]; builds: BuildOptions[] };
}

interface FakeContainer {
  info: ContainerInfo;
  run: ReturnType<typeof runProcess> | undefined;
  readonly waiting: Set<(exit: ExitStatus) => void>;
}

/** `echo words…`, `cat`, `fail CODE`. */
const echo: FakeProcess = async ({ args, write, stdin }) => {
  const [command, ...rest] = args;
  if (command === "echo") write("stdout", `${rest.join(" ")}\n`);
  if (command === "cat") write("stdout", (await stdin).toString());
  if (command === "fail") write("stderr", "failing\n");
  return command === "fail" ? Number(rest[0]) : 0;
};

function runProcess(process: FakeProcess, args: readonly string[], hasStdin: boolean) {
  const [past, queue, input] = [[] as OutputChunk[], [] as OutputChunk[], [] as Buffer[]];
  const stdin = Promise.withResolvers<Buffer>();
  const [exit, started] = [Promise.withResolvers<number>(), Promise.withResolvers<void>()];
  let wake: () => void = () => undefined;
  let ended = false;
  const write = (stream: "stdout" | "stderr", text: string) => {
    past.push({ stream, data: Buffer.from(text) });
    queue.push({ stream, data: Buffer.from(text) });
    wake();
  };
  if (!hasStdin) stdin.resolve(Buffer.alloc(0));
  void started.promise
    .then(() => process({ args, write, stdin: stdin.promise }))
    .then((code) => {
      ended = true;
      wake();
      exit.resolve(code);
    });
  async function* output(): AsyncGenerator<OutputChunk> {
    while (true) {
      while (queue.length > 0) yield queue.shift() as OutputChunk;
      if (ended) return;
      await new Promise<void>((resolve) => (wake = resolve));
    }
  }
  const attach = (): AttachedStreams => ({
    output: output(),
    ...(hasStdin
      ? { stdin: { write: async (data: Uint8Array) => void input.push(Buffer.from(data)), end: async () => stdin.resolve(Buffer.concat(input)) } }
      : {}),
    [Symbol.asyncDispose]: async () => undefined,
  });
  return { past, exit: exit.promise, attach, go: () => started.resolve() };
}

export function fakeImage(
  references: readonly string[],
  config: NonNullable<ImageConfig["config"]> = { Cmd: ["sh"], Env: ["PATH=/bin"], Labels: { from: "image" } },
): Image {
  const layer = { mediaType: MEDIA_TYPE.layer, digest: digestOf("layer"), size: 100 };
  return {
    id: digestOf("config") as ImageId,
    manifestDescriptor: { mediaType: MEDIA_TYPE.manifest, digest: digestOf("manifest"), size: 10 },
    manifest: { schemaVersion: 2, config: { mediaType: MEDIA_TYPE.config, digest: digestOf("config"), size: 5 }, layers: [layer] },
    config: {
      created: "2023-11-14T22:13:20Z",
      architecture: "amd64",
      os: "linux",
      config,
      rootfs: { type: "layers", diff_ids: [layer.digest as never] },
      history: [
        { created: "2023-11-14T22:13:20Z", created_by: "import" },
        { empty_layer: true, created_by: "CMD sh" },
      ],
    },
    platform: { os: "linux", architecture: "amd64" },
    size: 100,
    references,
  };
}

export function fakeContainer(spec: ContainerSpec, image: Image): ContainerInfo {
  const id = randomBytes(32).toString("hex") as ContainerId;
  return {
    id,
    name: spec.name ?? `fake_${id.slice(0, 6)}`,
    createdAt: new Date().toISOString(),
    imageId: image.id,
    spec,
    process: {
      args: [...(spec.entrypoint ?? []), ...(spec.command ?? image.config.config?.Cmd ?? [])],
      env: [...(image.config.config?.Env ?? []), ...(spec.env ?? [])],
      cwd: spec.workingDir ?? "/",
      user: spec.user ?? "",
    },
    state: { kind: "created" },
    endpoints: [],
    mounts: [],
    capabilities: [],
    warnings: [],
    execIds: [],
  };
}

const fakeNetwork = (name: string) => ({
  id: digestOf(name).slice(7),
  name,
  driver: "bridge",
  createdAt: "2026-01-01T00:00:00Z",
  internal: false,
  labels: {},
  options: {},
  containers: [],
});

async function* subscribe(listeners: Set<(event: EngineEvent) => void>, signal?: AbortSignal): AsyncGenerator<EngineEvent> {
  const queue: EngineEvent[] = [];
  let wake: () => void = () => undefined;
  const listener = (event: EngineEvent) => {
    queue.push(event);
    wake();
  };
  listeners.add(listener);
  signal?.addEventListener("abort", () => wake(), { once: true });
  const isStopped = () => signal?.aborted ?? false;
  while (!isStopped()) {
    while (queue.length > 0) yield queue.shift() as EngineEvent;
    if (!isStopped()) await new Promise<void>((resolve) => (wake = resolve));
  }
  listeners.delete(listener);
}

/** What the fake does not have answers with an error instead of a crash. */
function orReject(methods: object): object {
  return new Proxy(methods, { get: (target, name) => (name in target ? target[name as keyof typeof target] : notFaked) });
}
