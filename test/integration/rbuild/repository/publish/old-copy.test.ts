import { cp, mkdir, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { RbuildEvent } from "../../../../../src/rbuild/events.ts";
import type { Promotion } from "../../../../../src/rbuild/repository/publish/channels.ts";
import { readPublished } from "../../../../../src/rbuild/repository/publish/published-state.ts";
import { openDirectorySource, openTrustStore, updateTrust } from "../../../../../src/rbuild/trust/index.ts";
import { RbuildError } from "../../../../../src/system/index.ts";
import { listFiles, openPublishLab, type PublishLab } from "../../../../support/repository/publish-lab.ts";
import { scratchDirectory } from "../../../../support/scratch.ts";
import { NOW } from "../../../../support/trust/test-keys.ts";

let lab: PublishLab;
let [own, copy, memory]: string[] = [];
beforeAll(async () => {
  lab = await openPublishLab();
  await lab.release("1");
});
afterAll(() => lab[Symbol.asyncDispose]());
beforeEach(async () => {
  own = await scratchDirectory();
  [copy, memory] = [join(own, "copy"), join(own, "memory")];
  await rm(lab.repository, { recursive: true, force: true });
  await publish();
  await cp(lab.repository, copy, { recursive: true });
});

const code = (name: string) => expect.objectContaining({ code: name });
const promotion = (channel: string): { readonly promotions: readonly Promotion[] } => ({ promotions: [{ name: "small", version: "1", channel }] });
/** On the machine of somebody. */
const publish = (options: Parameters<PublishLab["publish"]>[0] = {}, more: Parameters<PublishLab["publish"]>[1] = {}) =>
  lab.publish(options, { stateDirectory: memory!, ...more });

async function restore(from: string): Promise<void> {
  await rm(lab.repository, { recursive: true });
  await cp(from, lab.repository, { recursive: true });
}

test("an old copy, an empty place and another copy are refused by a machine that has published newer", async () => {
  await publish(promotion("testing"));
  await restore(copy!);
  const before = await listFiles(lab.repository);
  for (const options of [promotion("old"), { renew: true }]) {
    const error = await publish(options).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "repository.old-copy", hint: expect.stringContaining("rsync"), details: { kind: "index", shown: { version: 1 } } });
  }
  await expect(publish({ directory: join(own!, "empty") })).rejects.toThrow(code("repository.old-copy"));
  await publish(promotion("other"), { stateDirectory: await scratchDirectory() }); // somebody else gives the number 2 to something else
  await expect(publish()).rejects.toThrow(code("repository.old-copy"));
  await restore(copy!);
  expect(await listFiles(lab.repository)).toSatisfy((files: Map<string, string>) => files.size === before.size);
});

test("a copy in which a directory is a link, or the lock is one, is refused before anything is written where it leads", async () => {
  const elsewhere = join(own!, "elsewhere");
  await mkdir(elsewhere);
  for (const path of ["index", "blobs/sha256", ".publish"]) {
    await restore(copy!);
    await rm(join(lab.repository, path), { recursive: true });
    await symlink(elsewhere, join(lab.repository, path));
    await expect(publish(promotion("testing"))).rejects.toMatchObject({ code: "repository.link-inside", details: { path: join(lab.repository, path) } });
  }
  await restore(copy!);
  await rm(join(lab.repository, ".publish/lock"));
  await symlink(join(elsewhere, "made"), join(lab.repository, ".publish/lock"));
  await expect(publish(promotion("testing"))).rejects.toThrow(/ELOOP/);
  expect(await readdir(elsewhere)).toEqual([]);
});

test("files with high numbers that nobody signed, as a web server may have put them into a copy, take no number", async () => {
  const [name = ""] = (await readdir(join(lab.repository, "index"))).filter((each) => each.endsWith(".json"));
  for (const [from, to] of [
    [`index/${name}`, `index/2000000000.${name.split(".")[1]}.json`],
    ["freshness/1.json", "freshness/2000000000.json"],
  ] as const)
    for (const end of ["", ".asc"]) await cp(join(lab.repository, `${from}${end}`), join(lab.repository, `${to}${end}`));
  expect(await publish(promotion("testing"))).toMatchObject({ kind: "published", index: 2, freshness: 2 });
});

test("killed after it was shown and before it was remembered, the next publication remembers it", async () => {
  await publish(promotion("testing"));
  await rm(join(memory!, "published"), { recursive: true });
  expect(await publish()).toMatchObject({ kind: "unchanged", index: 2 });
  await restore(copy!);
  await expect(publish(promotion("old"))).rejects.toThrow(code("repository.old-copy"));
});

test("with a word more it goes on, with numbers that clients take for newer", async () => {
  const roots = await lab.roots();
  const client = await scratchDirectory();
  const ask = async () => {
    await using store = await openTrustStore(client, roots[0]!.digest);
    const verdict = await updateTrust({ checkout: roots, repository: openDirectorySource(lab.repository), store, clock: { now: () => NOW } });
    return verdict.kind === "current" ? verdict.index.version : verdict;
  };
  await publish(promotion("testing"));
  expect(await ask()).toBe(2);
  await restore(copy!);
  expect(await publish({ ...promotion("old"), isOldCopyWanted: true })).toMatchObject({ kind: "published", index: 3, freshness: 3 });
  expect(await ask()).toBe(3);
  expect(await publish({ renew: true })).toMatchObject({ kind: "renewed", freshness: 4 });
});

test("what the public copy shows is compared, where one is named", async () => {
  await publish(promotion("testing"));
  const roots = await lab.roots();
  const newer = (await readPublished(lab.repository, roots, await scratchDirectory()))!;
  const askPublic = async () => ({ ...newer, source: "https://images.example.org" });
  expect(await publish({}, { askPublic })).toMatchObject({ kind: "unchanged" });
  await restore(copy!);
  const stateDirectory = await scratchDirectory();
  const nothing = async () => Promise.reject(new RbuildError("trust.missing-file", "there is no current.json", { category: "untrusted" }));
  await expect(publish({}, { stateDirectory, askPublic: nothing })).rejects.toThrow(code("trust.missing-file"));
  const elsewhere = { directory: join(own!, "elsewhere"), names: ["ground"] };
  expect(await publish(elsewhere, { stateDirectory: await scratchDirectory(), askPublic: nothing })).toMatchObject({ kind: "published", index: 1 });
  await expect(publish(promotion("old"), { stateDirectory, askPublic })).rejects.toThrow(/https:\/\/images\.example\.org shows index 2/);
  expect(await publish({ ...promotion("old"), isOldCopyWanted: true }, { stateDirectory, askPublic })).toMatchObject({ index: 3 });
});

test("two publications at once from two copies never give one number to two contents: the second waits, and says for whom", async () => {
  const signing = Promise.withResolvers<void>();
  const opened = Promise.withResolvers<void>();
  const first = publish(promotion("testing"), {
    openSigners: async () => {
      opened.resolve();
      await signing.promise;
      return [lab.publisher.signer, lab.cron.signer];
    },
  });
  await opened.promise;
  const events: RbuildEvent[] = [];
  const waits = Promise.withResolvers<void>();
  const second = publish(
    { ...promotion("old"), directory: copy! },
    {
      report(event) {
        events.push(event);
        if (event.kind === "warning.raised") waits.resolve();
      },
    },
  ).catch((error: unknown) => error);
  await Promise.race([waits.promise, second]);
  const ended = new AbortController();
  ended.abort(new Error("enough"));
  await expect(publish({ directory: join(own!, "third"), signal: ended.signal })).rejects.toThrow("enough");
  signing.resolve();
  expect(await first).toMatchObject({ kind: "published", index: 2 });
  expect(await second).toMatchObject({ code: "repository.old-copy", details: { kind: "index", shown: { version: 1 }, known: { version: 2 } } });
  const message = expect.stringMatching(new RegExp(`^process ${process.pid} publishes to ${lab.repository} since `));
  expect(events.filter(({ kind }) => kind === "warning.raised")).toEqual([expect.objectContaining({ code: "repository.waiting", message })]);
});

test("a memory that cannot be read is an error; one that cannot be written is told", async () => {
  const directory = join(memory!, "published");
  const name = (await readdir(directory)).find((each) => each.endsWith(".json")) ?? "";
  await writeFile(join(directory, name), "{}");
  await expect(publish(promotion("old"))).rejects.toThrow(code("repository.memory-damaged"));
  await rm(directory, { recursive: true });
  const events: RbuildEvent[] = [];
  await writeFile(directory, "in the way");
  const done = await publish(promotion("old"), { report: (event) => void events.push(event) }).catch((error: unknown) => error);
  expect(done).toMatchObject({ kind: "published", index: 2 });
  expect(events).toContainEqual(expect.objectContaining({ kind: "warning.raised", code: "repository.not-remembered" }));
});
