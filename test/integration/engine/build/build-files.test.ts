import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { run } from "../../../../src/system/index.ts";
import { buildBench } from "./build-bench.ts";

const EPOCH = 1_700_000_000;

test("builds from scratch: config, history, one layer for each step that changes files", async () => {
  await using bench = await buildBench();
  const { image, events } = await bench.build(
    {
      Dockerfile: `FROM scratch
ARG WHO=you
ENV GREETING="hello \${WHO:-nobody}" PATH=/bin
COPY a b/ /data/
WORKDIR /src
WORKDIR sub
USER 1000:1000
LABEL a=1 "b c"='d e'
EXPOSE 80 53/udp
VOLUME /data /cache
STOPSIGNAL SIGQUIT
SHELL ["/bin/bash", "-ec"]
CMD serve --now
ENTRYPOINT ["/entry"]
HEALTHCHECK --interval=2s CMD ["true"]
ONBUILD COPY x /x
MAINTAINER Some One
`,
      a: "A",
      "b/c": "C",
    },
    { sourceDateEpoch: EPOCH, references: ["made/here:1"], labels: { z: "last" }, buildArgs: { WHO: "world", unused: "1" } },
  );
  expect(image.references).toEqual(["made/here:1"]);
  expect(image.config.created).toBe("2023-11-14T22:13:20Z");
  expect(image.config.author).toBe("Some One");
  expect(image.config.config).toEqual({
    Env: ["GREETING=hello world", "PATH=/bin"],
    WorkingDir: "/src/sub",
    User: "1000:1000",
    Labels: { a: "1", "b c": "d e", z: "last" },
    ExposedPorts: { "80/tcp": {}, "53/udp": {} },
    Volumes: { "/data": {}, "/cache": {} },
    StopSignal: "SIGQUIT",
    Shell: ["/bin/bash", "-ec"],
    Cmd: ["/bin/bash", "-ec", "serve --now"],
    Entrypoint: ["/entry"],
    Healthcheck: { Test: ["CMD", "true"], Interval: 2_000_000_000 },
    OnBuild: ["COPY x /x"],
  });
  expect(image.config.history?.map(({ created_by, empty_layer }) => `${empty_layer ? "-" : "+"} ${created_by}`).slice(0, 6)).toEqual([
    "- ARG WHO=you",
    '- ENV GREETING="hello ${WHO:-nobody}" PATH=/bin',
    "+ COPY a b/ /data/",
    "+ WORKDIR /src",
    "+ WORKDIR sub",
    "- USER 1000:1000",
  ]);
  expect(await bench.images.validate(image)).toEqual([]);
  expect(image.manifest.layers).toHaveLength(3);
  expect(await bench.read(image, "data/c")).toBe("C");
  expect(events).toContainEqual({ kind: "warning", message: "no ARG takes the build arguments unused" });
  expect(events.filter(({ kind }) => kind === "step.started").at(-1)).toMatchObject({ index: 17, total: 17 });
});

test("two builds of one context give the same digest; another time, mode or byte is another cache entry or digest", async () => {
  await using one = await buildBench();
  await using two = await buildBench();
  const files = { Dockerfile: "FROM scratch\nCOPY . /all/\nCOPY --chmod=0640 a /b\n", a: "A", "d/e": "E", "d/l": { link: "e" } };
  const first = await one.build(files, { sourceDateEpoch: EPOCH });
  const second = await two.build(files, { sourceDateEpoch: EPOCH });
  expect(second.image.manifestDescriptor.digest).toBe(first.image.manifestDescriptor.digest);
  expect((await one.images.list()).map(({ id }) => id)).toEqual([first.image.id]);
  expect(await one.entries(first.image)).toContain("all/ 755 0:0 directory");
  const again = await one.build(files, { sourceDateEpoch: EPOCH });
  expect(again.outcomes).toEqual(["finished", "cached", "cached"]);
  expect(again.image.id).toBe(first.image.id);
  expect((await one.build({ ...files, a: { mode: 0o600, text: "A" } }, { sourceDateEpoch: EPOCH })).outcomes).toEqual(["finished", "finished", "finished"]);
  expect((await one.build({ ...files, "d/e": "F" }, { sourceDateEpoch: EPOCH })).outcomes[1]).toBe("finished");
  expect((await one.build(files, { sourceDateEpoch: EPOCH, noCache: true })).outcomes).toEqual(["finished", "finished", "finished"]);
});

test("without a time the cache keeps the image's id", async () => {
  await using bench = await buildBench();
  const files = { Dockerfile: "FROM scratch\nENV A=1\nCOPY a /\nLABEL b=c\n", a: "A" };
  const first = await bench.build(files);
  const second = await bench.build(files);
  expect(second.outcomes).toEqual(["finished", "cached", "cached", "cached"]);
  expect(second.image.id).toBe(first.image.id);
});

test("a layer that is damaged or gone is made again", async () => {
  await using bench = await buildBench();
  const files = { Dockerfile: "FROM scratch\nCOPY a /\nLABEL b=c\n", a: "A" };
  const { image } = await bench.build(files, { sourceDateEpoch: EPOCH });
  const blob = join(bench.root, "image/blobs/sha256", (image.manifest.layers[0]?.digest ?? "").slice(7));
  const bytes = await readFile(blob);
  await run("chmod", ["644", blob]);
  await writeFile(blob, Buffer.concat([Buffer.from("X"), bytes.subarray(1)]));
  const second = await bench.build(files, { sourceDateEpoch: EPOCH });
  expect(second.outcomes).toEqual(["finished", "finished", "cached"]);
  expect(second.image.id).toBe(image.id);
  expect(await bench.images.validate(second.image)).toEqual([]);
  await run("rm", [blob]);
  expect((await bench.build(files, { sourceDateEpoch: EPOCH })).outcomes[1]).toBe("finished");
});

describe("COPY", () => {
  test("places files and directories, with modes, owners, links and modes asked for", async () => {
    await using bench = await buildBench();
    const { image } = await bench.build(
      {
        Dockerfile: `FROM scratch
COPY etc /etc
COPY --chown=bob:staff run.sh /bin/go
COPY --chown=7 run.sh /home/bob/
COPY *.txt [m-o]?.md /text/
COPY d/link /followed
COPY ["with space", "/with space"]
COPY --chmod=4755 run.sh .
COPY d/../d/f ../../../up
`,
        "etc/passwd": "root:x:0:0::/:/bin/sh\nbob:x:1001:50::/home/bob:/bin/sh\n",
        "etc/group": "staff:x:50:\n",
        "run.sh": { mode: 0o755, text: "#!" },
        "a.txt": "a",
        "b.txt": "b",
        "no.md": "no",
        "xx.md": "xx",
        "d/f": "F",
        "d/link": { link: "/d/f" },
        "with space": "S",
      },
      { sourceDateEpoch: EPOCH },
    );
    expect((await bench.entries(image)).filter((line) => !line.startsWith("./ "))).toEqual([
      "etc/ 755 0:0 directory",
      "etc/group 644 0:0 file",
      "etc/passwd 644 0:0 file",
      "bin/ 755 1001:50 directory",
      "bin/go 755 1001:50 file",
      "home/ 755 7:7 directory",
      "home/bob/ 755 7:7 directory",
      "home/bob/run.sh 755 7:7 file",
      "text/ 755 0:0 directory",
      "text/a.txt 644 0:0 file",
      "text/b.txt 644 0:0 file",
      "text/no.md 644 0:0 file",
      "followed 644 0:0 file",
      "with space 644 0:0 file",
      "run.sh 4755 0:0 file",
      "up 644 0:0 file",
    ]);
    expect(await bench.read(image, "followed")).toBe("F");
  });

  test("takes files from stages, images and here-documents, owners kept", async () => {
    await using bench = await buildBench();
    await bench.build({ Dockerfile: "FROM scratch\nCOPY --chown=5:6 f /dir/f\n", f: "from image" }, { references: ["other"] });
    const { image, events } = await bench.build(
      {
        Dockerfile: `FROM scratch AS unused
COPY missing /
FROM scratch AS one
ARG NAME=value
COPY <<A <<"B" /docs/
expanded $NAME
A
kept $NAME
B
FROM one AS two
COPY --from=other /dir /dir
FROM scratch
COPY --from=one /docs/ /one/
COPY --from=2 /dir/f /two
`,
      },
      { sourceDateEpoch: EPOCH },
    );
    expect(await bench.read(image, "one/A")).toBe("expanded value\n");
    expect(await bench.read(image, "one/B")).toBe("kept $NAME\n");
    expect(await bench.entries(image, 1)).toContain("two 644 5:6 file");
    expect(events.filter(({ kind }) => kind === "step.started")).toHaveLength(8);
  });

  test("heeds .dockerignore, and one of its own for a Dockerfile", async () => {
    await using bench = await buildBench();
    const files = {
      "keep/a": "a",
      "keep/b.log": "b",
      "drop/x": "x",
      "drop/y": "y",
      ".dockerignore": "drop\n!drop/y\n**/*.log\nDockerfile\n.dockerignore\nother*",
      Dockerfile: "FROM scratch\nCOPY . /\n",
    };
    const { image } = await bench.build(files);
    expect((await bench.entries(image)).map((line) => line.split(" ")[0])).toEqual(["./", "drop/", "drop/y", "keep/", "keep/a"]);
    const own = await bench.build({ ...files, other: "FROM scratch\nCOPY . /\n", "other.dockerignore": "*\n!drop" }, { dockerfile: "other" });
    expect((await bench.entries(own.image)).map((line) => line.split(" ")[0])).toEqual(["./", "drop/", "drop/x", "drop/y"]);
  });

  test("never leaves the context or the image by links", async () => {
    await using bench = await buildBench();
    await writeFile(join(bench.path, "outside"), "secret of the host");
    const links = { evil: { link: bench.path }, abs: { link: "/etc" }, up: { link: "../../../../../../../../etc" } };
    for (const source of ["evil/outside", "../outside", "abs/hostname", "up/hostname", `${"../".repeat(20)}etc/hostname`]) {
      await expect(bench.build({ Dockerfile: `FROM scratch\nCOPY ${source} /x\n`, ...links })).rejects.toMatchObject({ code: "build.copy-source-missing" });
    }
    const { image } = await bench
      .build({
        Dockerfile: `FROM scratch\nCOPY abs /\nCOPY root /\nCOPY file /link/new\nCOPY file /up/there\n`,
        abs: "",
        file: "F",
        "root/link": { link: bench.path },
        "root/up": { link: "../../../.." },
        [`dummy`]: "",
      })
      .catch((error: unknown) => ({ image: error }));
    // `/link` leads to the same path inside the image, which is not there.
    expect(image).toMatchObject({ code: "build.path-conflict" });
    expect((await readdir(bench.path)).toSorted()).not.toContain("new");
    const inside = await bench.build({
      Dockerfile: "FROM scratch\nCOPY root /\nCOPY file /link/new\nCOPY dir /\n",
      file: "F",
      "root/real/keep": "",
      "root/link": { link: "/real" },
      "dir/link/more": "M",
    });
    expect(await bench.read(inside.image, "real/new")).toBe("F");
    expect(await bench.read(inside.image, "real/more")).toBe("M");
  });

  test("the cache forgets what was collected", async () => {
    await using bench = await buildBench();
    const files = { Dockerfile: "FROM scratch\nCOPY a /\n", a: "A" };
    const { image } = await bench.build(files);
    expect((await bench.collect()).length).toBe(1);
    expect((await bench.build(files)).outcomes).toContain("cached");
    await bench.images.remove(image.id, { force: true });
    expect(await bench.collect()).toEqual([]);
  });

  test("does not wait for a FIFO where a file is to be read", async () => {
    await using bench = await buildBench();
    await expect(bench.build({ Dockerfile: { fifo: true } })).rejects.toMatchObject({ code: "build.dockerfile-missing" });
    const files = { Dockerfile: "FROM scratch\nCOPY root /\nCOPY --chown=nobody a /\n", a: "A", "root/etc/passwd": { fifo: true } } as const;
    await expect(bench.build(files)).rejects.toMatchObject({ code: "build.unknown-owner" });
  });

  test("says what is wrong", async () => {
    await using bench = await buildBench();
    const build = (text: string) => bench.build({ Dockerfile: `FROM scratch\n${text}\n`, a: "A", b: "B", "d/x": "X" });
    const codes = [
      ["COPY absent /", "build.copy-source-missing"],
      ["COPY *.none /", "build.copy-source-missing"],
      ["COPY a b /file", "dockerfile.syntax"],
      ["COPY --chmod=x a /", "dockerfile.syntax"],
      ["COPY --chown=nobody a /", "build.unknown-owner"],
      ["COPY --from=nothing /a /", "image.not-found"],
      ["COPY d /d\nCOPY a /d/x/y", "build.path-conflict"],
      ["COPY d /d\nCOPY d/x /e\nCOPY d /e", "build.path-conflict"],
      ["ENV =b", "dockerfile.syntax"],
      ["EXPOSE 99999", "dockerfile.syntax"],
      ["STOPSIGNAL now", "dockerfile.syntax"],
      ["LABEL a=${b", "dockerfile.syntax"],
    ] as const;
    for (const [text, code] of codes) await expect(build(text), text).rejects.toMatchObject({ code });
    await expect(bench.build({ other: "" })).rejects.toMatchObject({ code: "build.dockerfile-missing" });
    await expect(bench.build({ Dockerfile: "FROM absent" })).rejects.toMatchObject({ code: "image.not-found" });
    await expect(bench.build({ Dockerfile: "FROM scratch" }, { target: "x" })).rejects.toMatchObject({ code: "build.target-not-found" });
    await expect(bench.build({ Dockerfile: "FROM scratch" }, { buildArgs: { SOURCE_DATE_EPOCH: "now" } })).rejects.toMatchObject({
      code: "build.invalid-epoch",
    });
  });
});

describe("ADD", () => {
  test.each([
    ["tar", "cat"],
    ["tgz", "gzip -9n"],
    ["tar.bz2", "bzip2"],
    ["tar.xz", "xz"],
    ["tar.zst", "zstd"],
  ])("unpacks a .%s", async (suffix, compressor) => {
    await using bench = await buildBench();
    await run(
      "sh",
      [
        "-c",
        `mkdir -p t/d && echo hi > t/d/f && ln -s f t/d/l && ln t/d/f t/d/h && chown -R 3:4 t && chmod 2750 t/d && tar -C t -c . | ${compressor} > archive`,
      ],
      { cwd: bench.path },
    );
    const archive = await readFile(join(bench.path, "archive"));
    const { image } = await bench.build({ Dockerfile: `FROM scratch\nADD archive.${suffix} notar /opt/\n`, [`archive.${suffix}`]: archive, notar: "plain" });
    expect(await bench.entries(image)).toEqual([
      "./ 755 0:0 directory",
      "opt/ 755 0:0 directory",
      "opt/d/ 2750 3:4 directory",
      "opt/d/f 644 3:4 file",
      "opt/d/h 644 3:4 hardlink",
      "opt/d/l 777 3:4 symlink",
      "opt/notar 644 0:0 file",
    ]);
    expect(await bench.read(image, "opt/d/f")).toBe("hi\n");
  });

  test("an archive cannot write outside the image", async () => {
    await using bench = await buildBench();
    await run(
      "sh",
      [
        "-c",
        `mkdir t && ln -s ${bench.path} t/out && tar -C t -c out > links.tar && rm t/out && mkdir t/out && echo x > t/out/written && tar -C t -r -f links.tar out/written && tar -P -cf climbing.tar --transform 's,.*,../../x,' t/out/written`,
      ],
      {
        cwd: bench.path,
      },
    );
    const build = async (name: string) => await bench.build({ Dockerfile: `FROM scratch\nADD ${name} /\n`, [name]: await readFile(join(bench.path, name)) });
    await expect(build("links.tar")).rejects.toMatchObject({ code: "build.path-conflict" });
    await expect(build("climbing.tar")).rejects.toMatchObject({ code: "build.unsafe-archive" });
    expect(await readdir(bench.path)).not.toContain("written");
  });
});

test("squash gives one layer with the same files, deletions of the base included", async () => {
  await using bench = await buildBench();
  const base = await bench.build(
    { Dockerfile: "FROM scratch\nCOPY base /\n", "base/d/keep": "k", "base/d/old": "o", "base/link": { link: "d" }, "base/file": "f" },
    { sourceDateEpoch: EPOCH, references: ["base"] },
  );
  const files = {
    Dockerfile: "FROM base\nCOPY one /\nENV A=1\nCOPY two /\nCOPY --chmod=600 three /d/keep\n",
    "one/d/new": "n",
    "one/x/y": "y",
    "two/x/z": { link: "y" },
    three: "changed",
  };
  const plain = await bench.build(files, { sourceDateEpoch: EPOCH });
  const squashed = await bench.build(files, { sourceDateEpoch: EPOCH, squash: true });
  expect(plain.image.manifest.layers).toHaveLength(4);
  expect(squashed.image.manifest.layers).toHaveLength(2);
  expect(squashed.image.manifest.layers[0]).toEqual(base.image.manifest.layers[0]);
  expect(await bench.entries(squashed.image, 1)).toEqual([
    "d/ 755 0:0 directory",
    "d/keep 600 0:0 file",
    "d/new 644 0:0 file",
    "x/ 755 0:0 directory",
    "x/y 644 0:0 file",
    "x/z 777 0:0 symlink",
  ]);
  expect(squashed.image.config.history?.filter(({ empty_layer }) => !empty_layer)).toHaveLength(2);
  expect(await bench.images.validate(squashed.image)).toEqual([]);
  expect(await bench.read(squashed.image, "d/keep")).toBe("changed");
});

test("runs the triggers of the base, once", async () => {
  await using bench = await buildBench();
  await bench.build({ Dockerfile: "FROM scratch\nONBUILD COPY app /app\nONBUILD LABEL built=$WHAT\nENV WHAT=on\n" }, { references: ["onbuild"] });
  const { image, events } = await bench.build({ Dockerfile: "FROM onbuild\nLABEL own=1\n", app: "APP" }, { references: ["child"] });
  expect(await bench.read(image, "app")).toBe("APP");
  expect(image.config.config).toMatchObject({ Labels: { built: "on", own: "1" } });
  expect(image.config.config).not.toHaveProperty("OnBuild");
  expect(events.filter(({ kind }) => kind === "step.started").at(-1)).toMatchObject({ index: 4, total: 4 });
});

test("an abort ends the build and leaves nothing", async () => {
  await using bench = await buildBench();
  const controller = new AbortController();
  controller.abort(new Error("enough"));
  await expect(bench.build({ Dockerfile: "FROM scratch\nCOPY a /\n", a: "" }, { signal: controller.signal })).rejects.toThrow("enough");
  expect(await readdir(join(bench.root, "builds")).catch(() => [])).toEqual([]);
});
