import { chmodSync, linkSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { openOverlaySnapshotter } from "../../../../src/engine/snapshots/open-overlay-snapshotter.ts";
import { type Snapshotter, snapshotKey } from "../../../../src/engine/snapshots/snapshotter.ts";
import { asDiffId, type ChainId, digestOf } from "../../../../src/oci/index.ts";
import { byteString, isSystemError, type TarInput } from "../../../../src/system/index.ts";
import { scratchDirectory } from "../../../support/scratch.ts";
import { entry, file, once, tarOf } from "../../../support/tar-entries.ts";
import { describeTree } from "../../../support/tree.ts";

async function apply(snapshots: Snapshotter, tar: Buffer, parent?: ChainId): Promise<ChainId> {
  return snapshots.apply({ tar: once(tar), diffId: asDiffId(digestOf(tar)), ...(parent ? { parent } : {}) });
}

async function mounted<T>(snapshots: Snapshotter, key: string, target: string, use: (root: string) => T): Promise<T> {
  await snapshots.mount(snapshotKey(key), target);
  try {
    return use(target);
  } finally {
    await snapshots.unmount(target);
  }
}

const name = fc.constantFrom("a", "b", "c");
const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/"));

/** What a person or a program does in a container's root. */
const operation = fc.oneof(
  fc.record({ do: fc.constant("write" as const), path, text: fc.string({ maxLength: 5 }) }),
  fc.record({ do: fc.constant("mkdir" as const), path }),
  fc.record({ do: fc.constant("remove" as const), path }),
  fc.record({ do: fc.constant("rename" as const), path, to: path }),
  fc.record({ do: fc.constant("link" as const), path, to: path }),
  fc.record({ do: fc.constant("symlink" as const), path, to: path }),
  fc.record({ do: fc.constant("chmod" as const), path, mode: fc.constantFrom(0o700, 0o4755, 0o2711) }),
);

function perform(root: string, step: typeof operation extends fc.Arbitrary<infer T> ? T : never): void {
  const at = join(root, step.path);
  try {
    switch (step.do) {
      case "write":
        return writeFileSync(at, step.text);
      case "mkdir":
        return void mkdirSync(at, { recursive: true });
      case "remove":
        return rmSync(at, { recursive: true });
      case "rename":
        return renameSync(at, join(root, step.to));
      case "link":
        return linkSync(at, join(root, step.to));
      case "symlink":
        return symlinkSync(step.to, at);
      case "chmod":
        return chmodSync(at, step.mode);
      default:
        return step satisfies never;
    }
  } catch (error) {
    if (!isSystemError(error)) throw error;
  }
}

test("whatever is done in a snapshot, its diff applied to its parent gives the same files", async () => {
  const root = await scratchDirectory();
  const snapshots = await openOverlaySnapshotter({ root, sync: false, volatile: true });
  let serial = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { maxLength: 12 }), fc.array(operation, { maxLength: 15 }), async (below, above) => {
      const [one, two] = [`run-${serial++}`, `run-${serial++}`];
      await snapshots.prepare(snapshotKey(one));
      await mounted(snapshots, one, join(root, "mnt"), (at) => below.forEach((step) => perform(at, step)));
      const base = await apply(snapshots, Buffer.concat(await Array.fromAsync(snapshots.diff(snapshotKey(one)))));
      await snapshots.prepare(snapshotKey(two), base);
      await mounted(snapshots, two, join(root, "mnt"), (at) => above.forEach((step) => perform(at, step)));
      const wanted = await mounted(snapshots, two, join(root, "mnt"), (at) => describeTree(at));
      const layer = Buffer.concat(await Array.fromAsync(snapshots.diff(snapshotKey(two))));
      const top = await apply(snapshots, layer, base);
      expect(await mounted(snapshots, top, join(root, "mnt"), (at) => describeTree(at))).toEqual(wanted);
      const isChanged = (await snapshots.changes(snapshotKey(two))).length > 0;
      expect(isChanged || layer.byteLength <= 1024 || above.length > 0).toBe(true);
    }),
    { numRuns: 60 },
  );
});

/** A layer of files, directories, whiteouts and opaque marks in any order. */
const layerStep = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("file" as const), path, text: fc.stringMatching(/^[a-z]{1,3}$/) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("directory" as const), path }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("whiteout" as const), path }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("opaque" as const), path }) },
);
type LayerStep = typeof layerStep extends fc.Arbitrary<infer T> ? T : never;

function inputOf(step: LayerStep): TarInput {
  const slash = step.path.lastIndexOf("/") + 1;
  switch (step.kind) {
    case "file":
      return file(step.path, step.text);
    case "directory":
      return entry(`./${step.path}/`, "directory");
    case "whiteout":
      return file(`${step.path.slice(0, slash)}.wh.${step.path.slice(slash)}`);
    case "opaque":
      return file(`${step.path}/.wh..wh..opq`);
    default:
      return step satisfies never;
  }
}

const ancestors = (at: string) => at.split("/").flatMap((_, index, parts) => (index === 0 ? [] : [parts.slice(0, index).join("/")]));

/** The files of a stack of layers as the image-spec's layer.md tells it; undefined when a layer contradicts itself. */
function model(layers: readonly (readonly LayerStep[])[]): Map<string, string> | undefined {
  let files = new Map<string, string>();
  for (const layer of layers) {
    const own = new Map<string, string>();
    const hidden = new Set<string>();
    for (const step of layer) {
      const parents = [...ancestors(step.path), ...(step.kind === "opaque" ? [step.path] : [])];
      const implied = step.kind === "whiteout" ? [] : parents;
      if (parents.some((parent) => (own.get(parent) ?? "/") !== "/")) return undefined;
      for (const parent of implied) own.set(parent, "/");
      if (step.kind === "file" || step.kind === "directory") {
        const value = step.kind === "file" ? step.text : "/";
        const before = own.get(step.path);
        if (before !== undefined && (before === "/") !== (value === "/")) return undefined;
        own.set(step.path, value);
      } else hidden.add(step.kind === "opaque" ? `${step.path}/` : step.path);
    }
    const isHidden = (at: string) => {
      const isUnder =
        [...ancestors(at), at].some((part) => hidden.has(part) || (own.get(part) ?? "/") !== "/") || ancestors(at).some((part) => hidden.has(`${part}/`));
      return isUnder;
    };
    const visible = [...files].filter(([at]) => !isHidden(at));
    // A directory over a file hides the file; a file's former children go with it.
    files = new Map([...visible.filter(([at]) => !own.has(at)), ...own]);
    files = new Map([...files].filter(([at]) => ancestors(at).every((parent) => files.get(parent) === "/")));
  }
  return files;
}

function seen(root: string): Map<string, string> {
  const names = readdirSync(root, { recursive: true, encoding: "utf8" });
  return new Map(names.map((at) => [at, statSync(join(root, at)).isDirectory() ? "/" : readFileSync(join(root, at), "utf8")]));
}

test("shows of any stack of layers what the image specification says", async () => {
  const root = await scratchDirectory();
  const snapshots = await openOverlaySnapshotter({ root, sync: false });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(layerStep, { maxLength: 8 }), { minLength: 1, maxLength: 3 }), async (layers) => {
      const wanted = model(layers);
      let top: ChainId | undefined;
      try {
        for (const layer of layers) top = await apply(snapshots, await tarOf(layer.map(inputOf)), top);
      } catch (error) {
        expect(error).toMatchObject({ code: expect.stringMatching(/^layer\.(unsafe-path|malformed)$/) });
        expect(wanted).toBeUndefined();
        return;
      }
      expect(wanted).toBeDefined();
      const actual = await mounted(snapshots, top!, join(root, "mnt"), seen);
      expect(Object.fromEntries([...actual].sort(byName))).toEqual(Object.fromEntries([...wanted!].sort(byName)));
    }),
    { numRuns: 150 },
  );
});

const byName = ([a]: readonly [string, string], [b]: readonly [string, string]) => (a < b ? -1 : 1);

test("no layer, however made, changes anything outside of its snapshot", async () => {
  const root = await scratchDirectory();
  const outside = join(root, "outside");
  mkdirSync(join(outside, "a/b"), { recursive: true });
  writeFileSync(join(outside, "a/c"), "kept");
  const snapshots = await openOverlaySnapshotter({ root: join(root, "store"), sync: false });
  const before = describeTree(outside);
  const part = fc.constantFrom("a", "b", "c", "..", ".", "", ".wh.a", ".wh..wh..opq", "outside", "snapshots");
  const wild = fc.oneof(
    fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => parts.join("/")),
    fc.constantFrom(outside, `${outside}/a`, "../../../../outside", "../../../../outside/a", "/", "a", "a/b"),
  );
  const step = fc.record({
    kind: fc.constantFrom("file", "file", "symlink", "hardlink", "directory", "fifo", "character-device"),
    path: wild,
    link: wild,
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 6 }), fc.array(step, { minLength: 1, maxLength: 6 }), async (one, two) => {
      let top: ChainId | undefined;
      for (const layer of [one, two]) {
        const inputs = layer.map(({ kind, path, link }) => {
          if (kind === "file") return file(path, "intruder");
          const isLink = kind === "symlink" || kind === "hardlink";
          return entry(path, kind, {
            ...(isLink ? { linkPath: byteString(link) } : {}),
            ...(kind === "character-device" ? { device: { major: 1, minor: 3 } } : {}),
          });
        });
        try {
          top = await apply(snapshots, await tarOf(inputs), top);
        } catch (error) {
          expect(error).toMatchObject({ code: expect.stringMatching(/^layer\.(unsafe-path|malformed)$/) });
        }
      }
      expect(describeTree(outside)).toEqual(before);
    }),
    { numRuns: 200 },
  );
});
