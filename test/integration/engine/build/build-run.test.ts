import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type BuildEvent, type BuildOptions, type Engine, type Image, openEngine } from "../../../../src/engine/index.ts";
import { makeTempDirectory, readTar, readTool, textOf } from "../../../../src/system/index.ts";
import { loadBusyboxImage } from "../../../support/busybox-image.ts";

const EPOCH = 1_700_000_000;
let scratch: Awaited<ReturnType<typeof makeTempDirectory>>;
let engine: Engine;

beforeAll(async () => {
  scratch = await makeTempDirectory("/var/tmp", "rbuild-build-run-");
  engine = await openEngine({ root: join(scratch.path, "root"), runRoot: join(scratch.path, "run") });
  await loadBusyboxImage(engine.images, "busybox:test");
});

afterAll(async () => {
  await engine?.[Symbol.asyncDispose]();
  // The last words on a container that has ended may come after the engine is closed.
  await vi.waitFor(async () => await scratch?.[Symbol.asyncDispose](), { timeout: 30_000 });
});

let contexts = 0;

async function build(
  dockerfile: string,
  options: Partial<BuildOptions> & { readonly files?: Readonly<Record<string, string>> } = {},
): Promise<{ readonly image: Image; readonly outcomes: readonly string[]; readonly output: string }> {
  const directory = join(scratch.path, `context-${++contexts}`);
  for (const [name, text] of Object.entries({ Dockerfile: dockerfile, ...options.files })) {
    await mkdir(join(directory, name, ".."), { recursive: true });
    await writeFile(join(directory, name), text);
  }
  const events: BuildEvent[] = [];
  const context = readTool("tar", ["--create", `--directory=${directory}`, "."]);
  const image = await engine.builder.build({ context, ...options }, (event) => void events.push(event));
  const output = events.flatMap((event) => (event.kind === "step.output" && event.stream === "stdout" ? Buffer.from(event.data).toString() : [])).join("");
  const outcomes = events.flatMap(({ kind }) => (kind === "step.cached" || kind === "step.finished" ? kind.slice("step.".length) : []));
  return { image, outcomes, output };
}

/** Paths in a layer without its directories: one that was only opened for a mount point may be there too. */
async function entries(image: Image, layer: number): Promise<readonly string[]> {
  const descriptor = image.manifest.layers[layer];
  const paths: string[] = [];
  if (descriptor) for await (const { path, kind } of readTar(engine.content.open(descriptor))) if (kind !== "directory") paths.push(textOf(path));
  return paths;
}

async function run(image: Image, ...command: readonly string[]): Promise<string> {
  const container = await engine.containers.create({ image: image.id, entrypoint: null, command, networks: [{ network: "none" }] });
  try {
    await using streams = await engine.containers.attach(container.id, { stdin: false, stdout: true, stderr: true });
    await engine.containers.start(container.id);
    let text = "";
    for await (const { data } of streams.output) text += Buffer.from(data).toString();
    await engine.containers.wait(container.id);
    return text;
  } finally {
    await engine.containers.remove(container.id, { force: true, volumes: true });
  }
}

test("runs commands with the environment, user and directory they have by then", async () => {
  const { output, image } = await build(
    `FROM busybox:test
ARG WHO=default
ARG UNSET
ENV GREETING=hello WHO=env
RUN echo "$GREETING $WHO $UNSET." $(id -un) $(pwd) $(hostname) "$http_proxy"
USER builder:staff
WORKDIR /home/builder/work
RUN ["sh", "-c", "echo exec $0 $(id -un):$(id -gn) $(pwd)"]
SHELL ["sh", "-xc"]
RUN true
`,
    { buildArgs: { WHO: "arg", UNSET: "given", http_proxy: "http://proxy.example:3142" } },
  );
  expect(output).toBe("hello env given. root / rbuild http://proxy.example:3142\nexec sh builder:staff /home/builder/work\n");
  expect(JSON.stringify(image.config)).not.toContain("proxy.example");
  expect(image.config.config?.Env).toContain("GREETING=hello");
  // One more for WORKDIR; what changed nothing has no layer.
  expect(image.manifest.layers).toHaveLength(2);
});

test("each step that changes files is a layer of just that", async () => {
  const { image } = await build(
    `FROM busybox:test
RUN echo one > /one && mkdir /d && echo kept > /d/kept && echo gone > /d/gone
RUN rm /d/gone && chmod 700 /d/kept
RUN rm -r /d && mkdir /d && echo new > /d/new
`,
    { sourceDateEpoch: EPOCH },
  );
  expect(await entries(image, 1)).toEqual(["d/gone", "d/kept", "one"]);
  expect(await entries(image, 2)).toEqual(["d/.wh.gone", "d/kept"]);
  expect(await run(image, "ls", "/d", "/one")).toBe("/one\n\n/d:\nnew\n");
  expect(await engine.images.validate(image)).toEqual([]);
});

test("builds without the cache give one digest, with squash too", async () => {
  const text = `FROM busybox:test
RUN echo a > /a; date > /dev/null; mkdir -p /deep/er && touch /deep/er/f
COPY f /deep/
RUN rm /a && ln -s f /deep/link
`;
  const options = { files: { f: "F" }, sourceDateEpoch: EPOCH } as const;
  const first = await build(text, { ...options, noCache: true });
  const second = await build(text, { ...options, noCache: true });
  expect(second.image.manifestDescriptor.digest).toBe(first.image.manifestDescriptor.digest);
  const third = await build(text, options);
  expect(third.outcomes).toEqual(["finished", "cached", "cached", "cached"]);
  expect(third.image.id).toBe(first.image.id);
  const squashed = await build(text, { ...options, squash: true });
  expect(squashed.image.manifest.layers).toHaveLength(2);
  expect(await entries(squashed.image, 1)).toEqual(["deep/er/f", "deep/f", "deep/link"]);
  expect((await build(text, { ...options, squash: true, noCache: true })).image.id).toBe(squashed.image.id);
});

test("squash keeps what the base has been changed by", async () => {
  const base = await build(
    `FROM busybox:test
RUN mkdir -p /d/sub /e && echo 1 > /d/one && echo 2 > /d/two && echo x > /d/sub/x && echo e > /e/e && ln -s /e /l
`,
    { references: ["squash-base"] },
  );
  const { image } = await build(
    `FROM squash-base
RUN rm /d/one /l && rm -r /d/sub
RUN echo 3 > /d/three && mkdir /l && echo new > /l/in && rm -r /e && echo file > /e
RUN rm /d/three && mkdir /d/sub
`,
    { squash: true },
  );
  expect(image.manifest.layers).toHaveLength(base.image.manifest.layers.length + 1);
  expect(await run(image, "sh", "-c", "ls -a /d; ls -a /d/sub; ls /l; cat /e")).toBe(".\n..\nsub\ntwo\n.\n..\nin\nfile\n");
  expect(await entries(image, 2)).not.toContain("d/.wh.three");
});

test("here-documents are scripts, input of commands, and programs", async () => {
  const { output } = await build(`FROM busybox:test
RUN <<EOF
echo one
for i in 2 3; do echo $i; done
EOF
RUN cat <<A && cat <<'B'
four $((2 + 3))
A
$kept
B
RUN <<EOF
#!/bin/sh -e
echo "script $0"
EOF
`);
  expect(output).toBe("one\n2\n3\nfour 5\n$kept\nscript /dev/rbuild-run\n");
});

test("networks of steps: the build's, none, the host's", async () => {
  const { output } = await build(
    `FROM busybox:test
RUN ip -o link | wc -l; grep -c extra /etc/hosts
RUN --network=none ip -o link | wc -l
`,
    { extraHosts: ["extra:192.0.2.1"] },
  );
  expect(output).toBe("2\n1\n1\n");
  expect((await build("FROM busybox:test\nRUN ip -o link | wc -l\n", { network: "none" })).output).toBe("1\n");
});

test("mounts of steps leave nothing in the layer, and a cache lasts", async () => {
  const text = `FROM busybox:test
RUN --mount=type=tmpfs,target=/scratch --mount=type=cache,target=/cache,id=it touch /scratch/x; echo run >> /cache/log; cat /cache/log; echo f > /f
`;
  const first = await build(text, { noCache: true });
  const second = await build(text, { noCache: true });
  expect(second.output).toBe("run\nrun\n");
  expect(await entries(first.image, 1)).toEqual(["f"]);
});

test("a step that fails names itself and its exit code; the steps before are in the cache", async () => {
  const text = (last: string) => `FROM busybox:test\nRUN echo before > /before\nRUN ${last}\n`;
  await expect(build(text("echo oops >&2; exit 7"))).rejects.toMatchObject({
    code: "build.step-failed",
    details: { exitCode: 7, line: 3, file: "Dockerfile" },
  });
  await expect(build('FROM busybox:test\nRUN ["/absent"]\n')).rejects.toMatchObject({ code: expect.stringMatching(/^(?:build|container|runtime)\./) });
  expect((await build(text("true"))).outcomes).toEqual(["finished", "cached", "finished"]);
  expect(await engine.containers.list()).toEqual([]);
});

test("what a step depends on, and nothing else, makes it run again", async () => {
  const text = (word: string) => `FROM busybox:test\nARG A=1\nRUN echo ${word}\n`;
  const last = async (...given: Parameters<typeof build>) => (await build(...given)).outcomes.at(-1);
  expect(await last(text("depends"))).toBe("finished");
  expect(await last(text("depends"))).toBe("cached");
  expect(await last(text("depends"), { buildArgs: { http_proxy: "http://p.example" } })).toBe("cached");
  expect(await last(text("depends"), { buildArgs: { A: "2" } })).toBe("finished");
  expect(await last(text("other"))).toBe("finished");
  expect(await last(text("depends"), { sourceDateEpoch: EPOCH })).toBe("finished");
});

test("an abort kills the step and leaves nothing", async () => {
  const controller = new AbortController();
  const building = build("FROM busybox:test\nRUN echo started; sleep 60\n", { signal: controller.signal });
  setTimeout(() => controller.abort(new Error("enough")), 700);
  await expect(building).rejects.toThrow("enough");
  expect(await engine.containers.list()).toEqual([]);
  expect(await readdir(join(scratch.path, "root/builds"))).toEqual([]);
});

test("stages pass files on; the result has only what it took", async () => {
  const { image } = await build(
    `FROM busybox:test AS make
RUN mkdir /out && echo made > /out/result && chown builder /out/result && cp /bin/busybox /out/ls
FROM scratch
COPY --from=make /out /bin
ENV PATH=/bin
`,
    { sourceDateEpoch: EPOCH },
  );
  expect(image.manifest.layers).toHaveLength(1);
  expect(await run(image, "ls", "-ln", "/bin/result")).toMatch(/^-rw-r--r--\s+1 1000\s+0\s/);
});
