import { readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checkKeptLock } from "../../../../src/rbuild/lock/check-kept-lock.ts";
import type { ImageLock } from "../../../../src/rbuild/lock/image-lock.ts";
import type { LockOutcome } from "../../../../src/rbuild/lock/lock-operations.ts";
import { readLockedChain } from "../../../../src/rbuild/lock/locked-chain.ts";
import { parseLock } from "../../../../src/rbuild/lock/read-lock.ts";
import type { SuiteState, TestPackage } from "../../../support/apt-archive/index.ts";
import { type LockLab, openLockLab } from "../../../support/lock-lab.ts";

const DATE = 1_767_225_600;
const packagesAt = (state: { readonly lib?: string; readonly app?: string } = {}): TestPackage[] => [
  { name: "core", version: "1", architecture: "amd64", essential: true, priority: "required", preDepends: "libcore1 (>= 1)" },
  { name: "libcore1", version: state.lib ?? "1.0-1", architecture: "amd64", source: "core-source (1.0)" },
  { name: "apt", version: "2", priority: "important" },
  { name: "usr-is-merged", version: "37" },
  { name: "needed", version: "1", priority: "required" },
  { name: "nice", version: "1", priority: "important", depends: "core" },
  { name: "app", version: state.app ?? "1:1.0", depends: `libapp (= ${state.app ?? "1:1.0"})`, recommends: "unwanted" },
  { name: "libapp", version: state.app ?? "1:1.0", depends: "libcore1" },
  { name: "unwanted", version: "1" },
  { name: "extra", version: "1", depends: "extra-data, app" },
  { name: "extra-data", version: "1" },
];
const names = ({ lock }: Pick<LockOutcome, "lock">, list: "packages" | "offers" = "packages"): string[] =>
  (lock.architectures.amd64?.[list] ?? []).map(({ name, version }) => `${name} ${version}`);

describe("an image's lock", () => {
  let lab: LockLab;
  const publish = (state: Partial<SuiteState> = {}) => lab.archive.publish({ packages: packagesAt(), date: DATE, version: "1.1", ...state });

  beforeAll(async () => {
    lab = await openLockLab({ packages: packagesAt(), date: DATE, version: "1.1" });
    await lab.define("base", { variant: "minbase", architectures: ["amd64"] });
    await lab.define("top", { from: "base", architectures: ["amd64"], packages: ["app"], offers: ["extra"], dockerfile: "Dockerfile" });
  });
  afterAll(() => lab[Symbol.asyncDispose]());

  test("has what the variant takes, each package exactly, and what was chosen from", async () => {
    const outcome = await lab.lock("base");
    expect(outcome.changed).toBe(true);
    expect(names(outcome)).toEqual(["apt 2", "core 1", "libcore1 1.0-1", "needed 1", "usr-is-merged 37"]);
    const [library] = outcome.lock.architectures.amd64?.packages.filter(({ name }) => name === "libcore1") ?? [];
    expect(library).toMatchObject({
      architecture: "amd64",
      path: "pool/main/c/core-source/libcore1_1.0-1_amd64.deb",
      source: "core-source 1.0",
      archive: "test",
    });
    expect(outcome.lock).toMatchObject({
      sourceDateEpoch: DATE,
      archives: [{ suite: "test", version: "1.1", date: DATE, signedBy: [lab.archive.key.fingerprint] }],
    });
    expect(outcome.changes.map(({ kind }) => kind)).toEqual(Array.from({ length: 5 }, () => "added"));
    const text = await readFile(outcome.path, "utf8");
    expect(parseLock(text, "x")).toEqual(outcome.lock);
    expect(text.split("\n").filter((line) => line.includes('"name":"'))).toHaveLength(5);
    expect(text).not.toContain(lab.archive.url);
    expect(lab.events.at(-1)).toMatchObject({ kind: "lock.written", name: "base", changed: true, changes: 5 });
  });

  test("of an image on another has what comes on top, without recommended packages, and what is offered besides", async () => {
    const outcome = await lab.lock("top");
    expect(names(outcome)).toEqual(["app 1:1.0", "libapp 1:1.0"]);
    expect(names(outcome, "offers")).toEqual(["extra 1", "extra-data 1"]);
    const chain = await readLockedChain("top", lab);
    expect(chain.images.map(({ lock }) => lock.name)).toEqual(["base", "top"]);
    expect(outcome.lock.from).toEqual({ name: "base", lock: chain.images[0]?.lockDigest });
  });

  test("is left alone without asking the archive when it fits", async () => {
    const before = lab.archive.requests.length;
    expect(await lab.lock("top")).toMatchObject({ changed: false, changes: [] });
    expect(lab.archive.requests).toHaveLength(before);
  });

  test("can be checked for ever with what is kept beside it", async () => {
    const { lock, digest } = await checkKeptLock("top", lab);
    expect(lock.archives[0]?.signedBy).toEqual([lab.archive.key.fingerprint]);
    expect(digest).toBe((await lab.lock("top")).digest);
  });

  test("stays as it is when the archive was only signed anew, and is as good as before", async () => {
    await publish({ date: DATE + 3600 });
    const before = await readFile((await lab.lock("base")).path, "utf8");
    const outcome = await lab.lock("base", { refresh: true });
    expect(outcome).toMatchObject({ changed: false, changes: [] });
    expect(await readFile(outcome.path, "utf8")).toBe(before);
  });

  test("moves the packages named and what they need, and nothing else", async () => {
    await publish({ packages: packagesAt({ lib: "1.0-2", app: "1:1.1" }), date: DATE + 7200 });
    const base = await lab.lock("base", { update: ["libcore1"] });
    expect(base.changes).toMatchObject([{ kind: "changed", from: { version: "1.0-1" }, to: { name: "libcore1", version: "1.0-2" } }]);
    expect(base.lock.sourceDateEpoch).toBe(DATE + 7200);
    await expect(readLockedChain("top", lab)).rejects.toMatchObject({ code: "lock.stale", hint: "rbuild image lock top", details: { field: "from" } });
    // A fix of the image below makes the lock on top follow, with the packages that it has: what the index no longer names is fetched for what it needs.
    expect((await lab.lock("top", { update: ["libcore1"] })).changes).toEqual([]);
    expect(names({ lock: (await readLockedChain("top", lab)).images[1]?.lock as ImageLock })).toEqual(["app 1:1.0", "libapp 1:1.0"]);
    const moved = await lab.lock("top", { update: ["app"] });
    expect(moved.changes.map((change) => change.kind === "changed" && `${change.from.name} ${change.to.version}`)).toEqual(["app 1:1.1", "libapp 1:1.1"]);
  });

  test("cannot keep a package that nobody has any more, and says which", async () => {
    await publish({ packages: packagesAt({ lib: "1.0-2", app: "1:1.2" }), date: DATE + 10_800 });
    const gone = join(lab.archive.directory, "pool/main/a/app/app_1.1_all.deb");
    await rename(gone, `${gone}.away`);
    await rm(join(lab.stateDirectory, "pool"), { recursive: true });
    await expect(lab.lock("top", { update: ["extra"] })).rejects.toMatchObject({ code: "lock.unknown-package", details: { image: "top", package: "app" } });
    await rename(`${gone}.away`, gone);
    expect(await lab.lock("top", { update: ["extra"] })).toMatchObject({ changed: false });
  });

  test("is stale by the first field that differs, and made anew by being asked for", async () => {
    await lab.define("top", { from: "base", architectures: ["amd64"], packages: ["app", "nice"] });
    await expect(readLockedChain("top", lab)).rejects.toMatchObject({
      code: "lock.stale",
      message: expect.stringContaining("packages has nice now"),
      details: { field: "packages.nice", was: "nothing", is: "nice" },
    });
    await expect(lab.lock("top", { update: ["app"] })).rejects.toMatchObject({ code: "lock.update-of-changed" });
    const outcome = await lab.lock("top");
    expect(names(outcome)).toEqual(["app 1:1.2", "libapp 1:1.2", "nice 1"]);
    expect(outcome.lock.architectures.amd64?.offers).toEqual([]);
  });

  test("for another compatibility version is refused, and takes the present one without moving a package", async () => {
    const { path, lock } = await lab.lock("base");
    const text = await readFile(path, "utf8");
    await writeFile(path, text.replace(/"compatibilityVersion": \d+/, '"compatibilityVersion": 9999'));
    await expect(readLockedChain("base", lab)).rejects.toMatchObject({ code: "lock.other-compatibility", details: { wanted: 9999 } });
    const before = lab.archive.requests.length;
    expect(await lab.lock("base")).toMatchObject({ changed: true, changes: [], lock });
    expect(lab.archive.requests).toHaveLength(before);
    expect(await readFile(path, "utf8")).toBe(text);
  });

  test("keeps nothing beside it that it does not name", async () => {
    const directory = join(lab.imageDirectories[0] ?? "", "base");
    await writeFile(join(directory, "image.lock.d", "stale.InRelease"), "old");
    await publish({ packages: packagesAt({ lib: "1.0-3" }), date: DATE + 18_000 });
    await lab.lock("base", { refresh: true });
    expect(await readdir(join(directory, "image.lock.d"))).toHaveLength(2);
    await checkKeptLock("base", lab);
  });

  test("made for architectures has them all, from one state of the archive", async () => {
    await lab.define("both", { architectures: ["arm64", "amd64"], packages: ["extra-data"] });
    const { lock } = await lab.lock("both");
    expect(Object.keys(lock.architectures).sort()).toEqual(["amd64", "arm64"]);
    expect(lock.archives[0]?.indexes.map(({ path }) => path)).toEqual(["dists/test/main/binary-amd64/Packages", "dists/test/main/binary-arm64/Packages"]);
    await rm(join(lab.imageDirectories[0] ?? "", "both"), { recursive: true });
  });
});
