import { access, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { ContainerSpec, Engine } from "../../../../src/engine/index.ts";
import { byteString, readTar, type TarHeader, type TarInput, tarHeader, textOf, writeTar } from "../../../../src/system/index.ts";
import { IMAGE, openTestEngine, runShell, startIdle } from "../../../support/engine/test-engine.ts";

let engine: Engine;
let outside: string;
beforeAll(async () => {
  engine = await openTestEngine();
  outside = await mkdtemp("/var/tmp/rbuild-test-outside-");
  await writeFile(join(outside, "secret"), "host secret\n");
});
afterAll(async () => {
  await engine?.[Symbol.asyncDispose]();
  await rm(outside, { recursive: true, force: true });
});

interface Member {
  readonly path: string;
  readonly kind: TarHeader["kind"];
  readonly text: string;
  readonly link: string;
  readonly uid: number;
  readonly mode: number;
}

async function membersOf(tar: AsyncIterable<Uint8Array>): Promise<Member[]> {
  const members: Member[] = [];
  for await (const entry of readTar(tar)) {
    const parts: Buffer[] = [];
    for await (const chunk of entry.body) parts.push(Buffer.from(chunk));
    members.push({
      path: textOf(entry.path),
      kind: entry.kind,
      text: Buffer.concat(parts).toString(),
      link: textOf(entry.linkPath),
      uid: entry.uid,
      mode: entry.mode,
    });
  }
  return members;
}

async function* input(
  members: readonly (Partial<Omit<TarHeader, "path">> & { readonly path: string; readonly text?: string; readonly to?: string })[],
): AsyncGenerator<TarInput> {
  for (const { path, text = "", to, ...fields } of members) {
    const body = Buffer.from(text);
    const header = tarHeader({
      kind: "file",
      mode: 0o644,
      ...fields,
      path: byteString(path),
      size: body.byteLength,
      ...(to === undefined ? {} : { linkPath: byteString(to) }),
    });
    yield { ...header, body: [body] };
  }
}
const tar = (...members: Parameters<typeof input>[0][number][]) => writeTar(input(members));

/** A container in both states: what is done to its files must not differ. */
const states: readonly { readonly state: string; readonly make: (spec?: Partial<ContainerSpec>) => Promise<string> }[] = [
  { state: "running", make: (spec) => startIdle(engine, spec) },
  { state: "created", make: async (spec) => (await engine.containers.create({ image: IMAGE, ...spec })).id },
];

describe.each(states)("a $state container", ({ make }) => {
  async function container(spec?: Partial<ContainerSpec>): Promise<string> {
    const id = await make(spec);
    onTestFinished(() => engine.containers.remove(id, { force: true, volumes: true }));
    return id;
  }

  test("gives a file, a directory, a link and their stats", async () => {
    const id = await container();
    await engine.containers.extract(
      id,
      "/root",
      tar({ path: "d", kind: "directory", mode: 0o750, uid: 7 }, { path: "d/f", text: "hello", mode: 0o4755 }, { path: "l", kind: "symlink", to: "/root/d" }),
    );
    const file = await engine.containers.archive(id, "/root/d/f");
    expect(file.stat).toMatchObject({ name: "f", size: 5, linkTarget: "" });
    expect(file.stat.mode & 0o7777).toBe(0o4755);
    expect(await membersOf(file.tar)).toMatchObject([{ path: "f", text: "hello", mode: 0o4755 }]);
    expect(await membersOf((await engine.containers.archive(id, "/root/d")).tar)).toMatchObject([
      { path: "d/", kind: "directory", mode: 0o750, uid: 7 },
      { path: "d/f", text: "hello" },
    ]);
    const link = await engine.containers.archive(id, "/root/l");
    expect(link.stat).toMatchObject({ name: "l", linkTarget: "/root/d" });
    expect(await membersOf(link.tar)).toMatchObject([{ kind: "symlink", link: "/root/d" }]);
    expect((await membersOf((await engine.containers.archive(id, "/root/l/.")).tar)).map(({ path }) => path)).toEqual(["l/", "l/f"]);
    await expect(engine.containers.statPath(id, "/no/such")).rejects.toMatchObject({ code: "container.path-not-found" });
  });

  test("never follows a link of its own to the host", async () => {
    const id = await container();
    const up = "../../../../../../../../..";
    await engine.containers.extract(
      id,
      "/root",
      tar(
        { path: "abs", kind: "symlink", to: outside },
        { path: "rel", kind: "symlink", to: `${up}${outside}` },
        { path: "passwd", kind: "symlink", to: "/etc/passwd" },
      ),
    );
    for (const path of ["/root/abs/secret", "/root/rel/secret", `/root/${up}${outside}/secret`, "/proc/self/root/../../etc/shadow-of-host"]) {
      await expect(engine.containers.archive(id, path), path).rejects.toMatchObject({ code: "container.path-not-found" });
    }
    // a link to /etc/passwd is the container's own
    expect(await engine.containers.statPath(id, "/root/passwd")).toMatchObject({ linkTarget: "/etc/passwd" });
    await expect(engine.containers.extract(id, "/root/abs", tar({ path: "planted", text: "x" }))).rejects.toMatchObject({ code: "container.path-not-found" });
    // through a link that is there already, and one that the archive brings
    await engine.containers.extract(
      id,
      "/root",
      tar({ path: "abs/planted", text: "x" }, { path: "again", kind: "symlink", to: outside }, { path: "again/planted", text: "y" }),
    );
    await expect(access(join(outside, "planted"))).rejects.toMatchObject({ code: "ENOENT" });
    const inside = await engine.containers.archive(id, `${outside}/planted`);
    expect(await membersOf(inside.tar)).toMatchObject([{ text: "y" }]);
    await engine.containers.extract(id, "/root", tar({ path: "hard", kind: "hardlink", to: "abs/planted" }));
    for (const path of ["../out", "a/../../out", "/../out"]) {
      await expect(engine.containers.extract(id, "/root", tar({ path, text: "x" })), path).rejects.toMatchObject({ code: "container.unsafe-path" });
    }
    expect(await readFile(join(outside, "secret"), "utf8")).toBe("host secret\n");
  });

  test("replaces what is in the way, without what it leads to", async () => {
    const id = await container();
    await engine.containers.extract(
      id,
      "/root",
      tar(
        { path: "tree", kind: "directory" },
        { path: "tree/sub", kind: "directory" },
        { path: "tree/sub/out", kind: "symlink", to: outside },
        { path: "tree/sub/f", text: "1" },
        { path: "f", text: "2" },
      ),
    );
    await expect(engine.containers.extract(id, "/root", tar({ path: "tree", text: "now a file" }), { noOverwriteDirNonDir: true })).rejects.toMatchObject({
      code: "container.overwrite-refused",
    });
    await engine.containers.extract(id, "/root", tar({ path: "tree", text: "now a file" }, { path: "f", kind: "directory" }));
    expect(await membersOf((await engine.containers.archive(id, "/root/tree")).tar)).toMatchObject([{ kind: "file", text: "now a file" }]);
    expect(await readFile(join(outside, "secret"), "utf8")).toBe("host secret\n");
  });

  test("keeps owners, or gives all to its user", async () => {
    const id = await container({ user: "builder" });
    await engine.containers.extract(id, "/tmp", tar({ path: "a", text: "", uid: 12, gid: 13 }));
    expect(await membersOf((await engine.containers.archive(id, "/tmp/a")).tar)).toMatchObject([{ uid: 12 }]);
    await engine.containers.extract(id, "/tmp", tar({ path: "a", text: "", uid: 12, gid: 13 }), { copyUidGid: true });
    expect(await membersOf((await engine.containers.archive(id, "/tmp/a")).tar)).toMatchObject([{ uid: 1000 }]);
  });

  test("reaches into volumes, and not into what is read-only", async () => {
    const source = join(outside, "bound");
    await mkdir(source, { recursive: true });
    const id = await container({
      mounts: [
        { kind: "volume", target: "/data", readOnly: false },
        { kind: "bind", source, target: "/fixed", readOnly: true },
      ],
    });
    await engine.containers.extract(id, "/data", tar({ path: "in-volume", text: "v" }));
    const volume = (await engine.containers.get(id)).mounts.find(({ target }) => target === "/data");
    expect(await readFile(join(volume?.source ?? "", "in-volume"), "utf8")).toBe("v");
    expect(await membersOf((await engine.containers.archive(id, "/data/in-volume")).tar)).toMatchObject([{ text: "v" }]);
    await expect(engine.containers.extract(id, "/fixed", tar({ path: "x", text: "" }))).rejects.toMatchObject({ code: "container.read-only" });
  });

  test("exports its whole root file system without what is mounted in it", async () => {
    const id = await container({ mounts: [{ kind: "volume", target: "/data", readOnly: false }] });
    await engine.containers.extract(id, "/data", tar({ path: "in-volume", text: "v" }));
    await engine.containers.extract(id, "/root", tar({ path: "mine", text: "m" }));
    const members = await membersOf(engine.containers.export(id));
    const paths = members.map(({ path }) => path);
    expect(paths).toContain("bin/busybox");
    expect(paths).not.toContain("data/in-volume");
    expect(members.find(({ path }) => path === "root/mine")?.text).toBe("m");
    expect(members.find(({ path }) => path === "bin/sh")).toMatchObject({ kind: "symlink", link: "busybox" });
  });
});

test("a container that swaps directories for links to the host gains nothing", async () => {
  const up = "../".repeat(12);
  const script = `mkdir -p /tmp/a/dir; echo own > /tmp/a/dir/secret; ln -s ${up}${outside} /tmp/a/link; echo ready
    while :; do mv -T /tmp/a/dir /tmp/a/x && mv -T /tmp/a/link /tmp/a/dir && mv -T /tmp/a/dir /tmp/a/link && mv -T /tmp/a/x /tmp/a/dir; done`;
  const id = await startIdle(engine, { command: ["sh", "-c", script] });
  onTestFinished(() => engine.containers.remove(id, { force: true }));
  for (let i = 0; i < 60; i++) {
    const texts = await engine.containers
      .archive(id, "/tmp/a/dir/secret")
      .then(async ({ tar }) => (await membersOf(tar)).map(({ text }) => text))
      .catch(() => []);
    expect(texts.join()).not.toContain("host");
    await engine.containers.extract(id, "/tmp/a", tar({ path: "dir/planted", text: "x" })).catch(() => undefined);
  }
  await expect(access(join(outside, "planted"))).rejects.toMatchObject({ code: "ENOENT" });
});

test("a container that puts a link in the place of a pipe that comes in gains nothing", async () => {
  const secret = join(outside, "secret");
  const { mode } = await stat(secret);
  const script = `mkdir -p /tmp/n; echo ready; while :; do rm -f /tmp/n/p; ln -s ${secret} /tmp/n/p; done 2>/dev/null`;
  const id = await startIdle(engine, { command: ["sh", "-c", script] });
  onTestFinished(() => engine.containers.remove(id, { force: true }));
  const pipes = Array.from({ length: 40 }, () => ({ path: "p", kind: "fifo" as const, mode: 0o666, uid: 1234 }));
  for (let i = 0; i < 10; i++) await engine.containers.extract(id, "/tmp/n", tar(...pipes)).catch(() => undefined);
  expect(await stat(secret)).toMatchObject({ mode, uid: 0 });
});

test("a failed read of a large export leaves nothing running", async () => {
  const { id } = await engine.containers.create({ image: IMAGE });
  for await (const _ of engine.containers.export(id)) break;
  await engine.containers.remove(id);
  expect((await runShell(engine, "true")).exit.code).toBe(0);
});
