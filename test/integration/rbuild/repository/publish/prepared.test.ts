import { cp, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { RbuildEvent } from "../../../../../src/rbuild/events.ts";
import { abandonPrepared } from "../../../../../src/rbuild/repository/publish/prepared/abandon-prepared.ts";
import { type FinishOptions, finishPublication } from "../../../../../src/rbuild/repository/publish/prepared/finish-publication.ts";
import { preparePublication } from "../../../../../src/rbuild/repository/publish/prepared/prepare-publication.ts";
import { readRequest } from "../../../../../src/rbuild/repository/publish/prepared/signing-request.ts";
import type { PublishDependencies, PublishOptions } from "../../../../../src/rbuild/repository/publish/publication.ts";
import { publishImages } from "../../../../../src/rbuild/repository/publish/publish-images.ts";
import { readPublished } from "../../../../../src/rbuild/repository/publish/published-state.ts";
import { type ExamineOptions, examineRequest } from "../../../../../src/rbuild/repository/sign/examine-request.ts";
import { signRequest } from "../../../../../src/rbuild/repository/sign/sign-request.ts";
import type { TrustedRoot } from "../../../../../src/rbuild/trust/client/root-chain.ts";
import { openDirectorySource, openTrustStore, readCheckout, updateTrust } from "../../../../../src/rbuild/trust/index.ts";
import { listFiles, openPublishLab, type PublishLab, publishOptions } from "../../../../support/repository/publish-lab.ts";
import { scratchDirectory } from "../../../../support/scratch.ts";
import { NOW, type TestKey, testKey } from "../../../../support/trust/test-keys.ts";
import { type RoleKeys, TestRepository } from "../../../../support/trust/test-repository.ts";

const DAY = 86_400_000;
const code = (name: string) => expect.objectContaining({ code: name });
let lab: PublishLab;
let people: Readonly<Record<"ann" | "ben" | "cleo" | "cron", TestKey>>;
let roots: readonly TrustedRoot[];
let [repository, request]: string[] = [];

beforeAll(async () => void (lab = await openPublishLab()));
afterAll(() => lab[Symbol.asyncDispose]());

beforeEach(async () => {
  await lab.release("1");
  const [ann, ben, cleo, cron] = await Promise.all([testKey("ann"), testKey("ben"), testKey("cleo"), testKey("cron")]);
  people = { ann, ben, cleo, cron };
  roots = await signedRoots([{ publisher: { keys: [ann, ben, cleo], threshold: 2 } }]);
  const own = await scratchDirectory();
  [repository, request] = [join(own, "repository"), join(own, "request.json")];
});

/** Roots that Ann signs, one after the other. */
async function signedRoots(
  versions: readonly (Partial<Record<"publisher" | "freshness", RoleKeys>> & { readonly fields?: Parameters<TestRepository["putRoot"]>[3] })[],
): Promise<readonly TrustedRoot[]> {
  const repository = new TestRepository();
  const single = (key: TestKey) => ({ keys: [key], threshold: 1 });
  for (const [index, { fields, ...roles }] of versions.entries())
    await repository.putRoot(
      index + 1,
      { root: single(people.ann), publisher: single(people.ann), freshness: single(people.cron), ...roles },
      [people.ann],
      fields,
    );
  const keys = join(await scratchDirectory(), "keys");
  for (const [path, bytes] of repository.files) {
    await mkdir(dirname(join(keys, path)), { recursive: true });
    await writeFile(join(keys, path), bytes);
  }
  const checkout = await readCheckout(keys, NOW);
  if (checkout.kind === "refused") throw new Error(checkout.message);
  return checkout.roots;
}

type Names = readonly (keyof typeof people)[];
const dependencies = (signers: Names, more: Partial<PublishDependencies> = {}) =>
  lab.dependencies({ roots, openSigners: async () => signers.map((name) => people[name].signer), ...more });
const options = (more: Partial<PublishOptions> = {}) => ({ ...publishOptions(repository!), ...more });
const prepare = async (signers: Names, more: Partial<PublishOptions> = {}, rest: Partial<PublishDependencies> = {}) =>
  preparePublication({ ...options(more), request: request! }, await dependencies(signers, rest));
const finish = async (
  signatureFiles: readonly string[],
  signers: Names = ["cron"],
  more: Partial<FinishOptions> = {},
  rest: Partial<PublishDependencies> = {},
) => finishPublication({ ...options(), signatureFiles, isFinal: true, ...more }, await dependencies(signers, rest));

/** On another machine: the request, the checkout, and what a mirror shows. Returns the file that is sent back. */
async function sign(signers: Names, more: Partial<ExamineOptions> = {}): Promise<string> {
  const root = roots.at(-1)!;
  const examination = await examine(more);
  const { bytes } = await signRequest(
    examination,
    signers.map((name) => people[name].signer),
    { root, now: NOW },
  );
  const file = join(await scratchDirectory(), "signatures.json");
  await writeFile(file, bytes);
  return file;
}

async function examine(more: Partial<ExamineOptions> = {}) {
  const read = readRequest(await readFile(request!), request!);
  return examineRequest(read, { root: roots.at(-1)!, shown: undefined, imageDirectories: [join(lab.images.directory, "images")], now: NOW, ...more });
}

async function shown(directory = repository!) {
  const state = await readPublished(directory, roots, await scratchDirectory());
  return state && { ...state, source: directory };
}

/** What a client that knows the first root alone finds. */
async function ask(): Promise<string> {
  await using store = await openTrustStore(await scratchDirectory(), roots[0]!.digest);
  const verdict = await updateTrust({ checkout: roots.slice(0, 1), repository: openDirectorySource(repository!), store, clock: { now: () => NOW } });
  return verdict.kind === "current" ? `index ${verdict.index.version}` : verdict.kind === "refused" ? verdict.code : verdict.kind;
}

/** Of what clients can ask for. */
async function served(): Promise<Map<string, string>> {
  return new Map([...(await listFiles(repository!))].filter(([path]) => !path.startsWith(".publish/")));
}

test("two who sign on different machines publish together; nothing is shown before", async () => {
  const prepared = await prepare(["ann"]);
  expect(prepared).toMatchObject({
    kind: "prepared",
    index: 1,
    images: [{ state: "new" }, { state: "new" }],
    request: { path: request },
    progress: [
      { part: "index", threshold: 2, signed: [people.ann.fingerprint], isEnough: false },
      { part: "freshness", signed: [], isEnough: false },
    ],
  });
  expect([...(await served()).keys()]).toEqual([]);
  const first = await sign(["ben"]);
  expect(await finish([first])).toMatchObject({ kind: "published", index: 1, until: "2026-12-05T12:00:00Z" });
  expect(await ask()).toBe("index 1");

  await lab.release("2");
  const before = await served();
  await prepare([], { names: ["small"], channel: "testing" });
  expect(await served()).toEqual(before);
  const { changes, images, problems } = await examine({ shown: await shown() });
  expect(changes).toMatchObject({
    added: [{ name: "small", version: "2" }],
    retired: [],
    channels: [{ name: "small", architecture: "amd64", channel: "testing", to: "2" }],
  });
  expect(changes?.channels[0]).not.toHaveProperty("from");
  expect(images.map(({ name, version, pin }) => [name, version, pin])).toEqual([
    ["ground", "1", { kind: "exact", isLockSame: true }],
    ["small", "1", { kind: "other-version", version: "2" }],
    ["small", "2", { kind: "exact", isLockSame: true }],
  ]);
  expect(problems).toEqual([]);
  const files = await Promise.all([sign(["ben"], { shown: await shown() }), sign(["cleo"], { shown: await shown() })]);
  const outcome = await finish(files);
  expect(outcome).toMatchObject({ kind: "published", index: 2, images: [{ name: "small", version: "2" }], deltas: [{}] });
  expect(await ask()).toBe("index 2");
  expect([...(await listFiles(repository!)).keys()].filter((path) => path.startsWith(".publish/"))).toEqual([".publish/lock"]);
});

test("signatures are kept until there are enough, and one signer counts once", async () => {
  await prepare([]);
  expect(await finish([await sign(["ann"])], [], { isFinal: false })).toMatchObject({ kind: "waiting", progress: [{ isEnough: false }, {}] });
  await expect(finish([await sign(["ann"])])).rejects.toThrow(code("repository.too-few-signatures"));
  expect(await ask()).toBe("trust.missing-file");
  expect(await finish([await sign(["cleo"])], [], { isFinal: false })).toMatchObject({ progress: [{ isEnough: true }, { isEnough: false }] });
  await expect(finish([], [])).rejects.toThrow(code("repository.too-few-signatures"));
  expect(await finish([])).toMatchObject({ kind: "published", index: 1 });
  await expect(finish([])).rejects.toThrow(code("repository.nothing-prepared"));
});

test("the freshness can be signed elsewhere too, where its role wants several", async () => {
  const { ann, ben, cron } = people;
  roots = await signedRoots([{ publisher: { keys: [ann, ben], threshold: 2 }, freshness: { keys: [ben, cron], threshold: 2 } }]);
  await prepare(["ann", "cron"]);
  expect(await finish([await sign(["ben"])], [])).toMatchObject({ kind: "published", index: 1, freshness: 1 });
  expect(await prepare(["cron"], { renew: true })).toMatchObject({ kind: "prepared", index: 1, freshness: 2, progress: [{ part: "freshness" }] });
  expect((await examine({ shown: await shown() })).images).toEqual([]);
  const [aside, kept] = [join(repository!, ".publish/prepared"), join(await scratchDirectory(), "prepared")];
  await cp(aside, kept, { recursive: true });
  expect(await finish([await sign(["ben"], { shown: await shown() })], [])).toMatchObject({ kind: "renewed", index: 1, freshness: 2 });
  expect(await ask()).toBe("index 1");

  // killed before it could take away what was prepared, and remember
  await rename(kept, aside);
  const stateDirectory = await scratchDirectory();
  expect(await finish([], [], {}, { stateDirectory })).toMatchObject({ kind: "unchanged", index: 1, freshness: 2 });
  expect((await readdir(join(stateDirectory, "published"))).filter((name) => name.endsWith(".json"))).toHaveLength(1);
  await expect(finish([], [])).rejects.toThrow(code("repository.nothing-prepared"));
});

test("a freshness that is renewed meanwhile changes nothing; the prepared one is then too old to be shown", async () => {
  await prepare(["ann", "ben"]);
  await finish([]);
  await lab.release("2");
  await prepare(["ann", "ben", "cron"]);
  expect(await publishImages(options({ renew: true }), await dependencies(["cron"]))).toMatchObject({ kind: "renewed", freshness: 4 });
  await expect(finish([], [])).rejects.toThrow(code("repository.prepared-outdated"));
  expect(await finish([])).toMatchObject({ kind: "published", index: 2, freshness: 5 });
});

describe("refused, with nothing shown:", () => {
  test("what was prepared before another publication, before another root, or in another checkout", async () => {
    await prepare(["ann", "ben"]);
    await finish([]);
    const copy = join(await scratchDirectory(), "copy");
    await cp(repository!, copy, { recursive: true });
    await lab.release("2");
    await prepare(["ann"]);
    const signed = await sign(["ben"], { shown: await shown() });
    await publishImages(
      options({ directory: copy, promotions: [{ name: "small", version: "1", channel: "old" }] }),
      await dependencies(["ann", "ben", "cron"]),
    );
    await expect(examine({ shown: await shown(copy) })).rejects.toThrow(code("repository.prepared-outdated"));
    await expect(finish([signed])).rejects.toThrow(code("repository.old-copy"));
    await cp(copy, repository!, { recursive: true, filter: (path) => !path.endsWith(".publish") });
    const before = await served();
    await expect(finish([signed])).rejects.toThrow(code("repository.prepared-outdated"));
    expect(await served()).toEqual(before);

    await prepare(["ann", "ben"]);
    const { ann, ben, cleo } = people;
    const old = roots;
    const all = { publisher: { keys: [ann, ben, cleo], threshold: 2 } };
    roots = await signedRoots([all, { publisher: { keys: [ann, cleo], threshold: 2 } }]);
    await expect(finish([])).rejects.toThrow(code("repository.prepared-outdated"));
    await expect(examine()).rejects.toThrow(code("repository.prepared-outdated"));
    roots = await signedRoots([{ publisher: { keys: [ann, ben], threshold: 2 } }]);
    await expect(finish([])).rejects.toThrow(/./);
    await expect(examine()).rejects.toThrow(code("repository.other-roots"));
    roots = old;
  });

  test("signatures over something else, by others, or changed on the way", async () => {
    await prepare([]);
    const early = await sign(["ann"]);
    expect(await prepare([])).toMatchObject({ index: 2, replaced: 1 });
    await expect(finish([early])).rejects.toThrow(code("repository.other-signature"));
    await expect(sign(["cron", "ann"])).resolves.toEqual(expect.any(String));
    const mallory = await testKey("mallory");
    people = { ...people, ben: mallory };
    await expect(sign(["ben"])).rejects.toThrow(code("repository.signer-without-role"));
    const good = await readFile(await sign(["ann"]), "utf8");
    const bad = join(await scratchDirectory(), "bad.json");
    await writeFile(bad, good.replace('"type": "signatures"', '"type": "signature"'));
    await expect(finish([bad])).rejects.toThrow(code("repository.signature-file-damaged"));
    await expect(finish([join(lab.directory, "none.json")])).rejects.toThrow(code("repository.signature-file-damaged"));
    const text = await readFile(request!, "utf8");
    await writeFile(request!, text.replace("stable", "edible"));
    await expect(sign(["ann"])).rejects.toThrow(code("repository.request-damaged"));
  });

  test("images that are not those of the signer's own checkout", async () => {
    await prepare(["ann"]);
    const pin = join(lab.images.directory, "images/small/image.pin.json");
    const text = await readFile(pin, "utf8");
    const { digest } = JSON.parse(text) as { readonly digest: string };
    await writeFile(pin, text.replace(digest, `sha256:${"0".repeat(64)}`));
    expect((await examine()).images.map(({ pin: { kind } }) => kind)).toEqual(["exact", "different"]);
    await expect(sign(["ben"])).rejects.toThrow(code("image.pin-mismatch"));
    await rm(pin);
    await expect(sign(["ben"])).rejects.toThrow(code("repository.not-compared"));
    await expect(sign(["ben"], { isUnpinnedAllowed: true })).resolves.toEqual(expect.any(String));
  });

  test("images that the signer's own checkout does not pin, when he does not say what the repository shows", async () => {
    await prepare(["ann", "ben"]);
    await finish([]);
    await lab.release("2");
    await prepare(["ann"]);
    await rm(join(lab.images.directory, "images/small/image.pin.json"));
    await expect(sign(["ben"])).rejects.toThrow(code("repository.not-compared"));
    const { problems, changes } = await examine({ shown: await shown() });
    expect(changes?.added.map(({ name, version }) => `${name} ${version}`)).toContain("small 2");
    expect(problems).toEqual([code("repository.not-compared")]);
    await expect(sign(["ben"], { isUnpinnedAllowed: true })).resolves.toEqual(expect.any(String));
  });

  test("what would live too long, or too short", async () => {
    const life = { freshness: 14, index: 180, atLeast: 3 };
    await expect(publishImages(options({ life: { ...life, freshness: 91 } }), await dependencies(["ann", "ben", "cron"]))).rejects.toThrow(
      code("trust.too-long-lived"),
    );
    await prepare(["ann"], { life: { ...life, index: 800 } });
    await expect(sign(["ben"])).rejects.toThrow(code("trust.too-long-lived"));
    await prepare(["ann", "ben"]);
    const later = { clock: { now: () => new Date(NOW.getTime() + 178 * DAY) } };
    await expect(finish([], ["cron"], {}, later)).rejects.toThrow(code("repository.too-little-freshness"));
    await expect(sign(["cleo"], { now: new Date(NOW.getTime() + 20 * DAY) })).rejects.toThrow(code("repository.prepared-outdated"));
  });
});

test("of what was set aside only the index's own files are shown, and all that are new of these", async () => {
  await prepare(["ann", "ben"]);
  const aside = join(repository!, ".publish/prepared/files");
  await mkdir(join(aside, "root"));
  for (const path of ["root/2.json", "page.html", "encoded/sha256/stray"]) await writeFile(join(aside, path), "stray\n");
  const [encoded = ""] = (await readdir(join(aside, "encoded/sha256"))).filter((name) => name !== "stray");
  const [place, kept] = [join(aside, "encoded/sha256", encoded), join(await scratchDirectory(), "kept")];
  await rename(place, kept);
  await expect(finish([])).rejects.toThrow(code("repository.prepared-outdated"));
  await symlink(kept, place);
  await expect(finish([])).rejects.toThrow(/ELOOP/); // whoever else the directory belongs to names no file of root's
  await rm(place);
  await rename(kept, place);
  expect(await finish([])).toMatchObject({ kind: "published" });
  expect([...(await served()).keys()].filter((path) => /stray|page|root\/2/.test(path))).toEqual([]);
});

test("what was set aside and has other bytes since is not shown, though clients would refuse it", async () => {
  await prepare(["ann", "ben"]);
  const files = join(repository!, ".publish/prepared/files");
  for (const [path] of await listFiles(files)) {
    const place = join(files, path);
    const good = await readFile(place);
    await writeFile(
      place,
      good.map((byte, index) => (index === 0 ? byte ^ 1 : byte)),
    );
    await expect(finish([])).rejects.toMatchObject({ code: "repository.prepared-outdated", details: { path } });
    await writeFile(place, good);
  }
  expect([...(await served()).keys()]).toEqual([]);
  expect(await finish([])).toMatchObject({ kind: "published" });
});

test("a key that the root has revoked is named to whoever would sign with it", async () => {
  const { ann, ben, cleo } = people;
  const revoked = { revoked: [{ fingerprint: ben.fingerprint, reason: "lost", since: "2026-11-20T00:00:00Z" }] };
  roots = await signedRoots([{ publisher: { keys: [ann, ben], threshold: 2 } }, { publisher: { keys: [ann, cleo], threshold: 2 }, fields: revoked }]);
  const named = new RegExp(`${ben.fingerprint} is revoked by root 2 \\(lost\\)`);
  await expect(publishImages(options(), await dependencies(["ann", "ben", "cron"]))).rejects.toThrow(named);
  await prepare(["ann"]);
  await expect(sign(["ben"])).rejects.toThrow(named);
});

test("a damaged request keeps nobody from renewing the freshness, where this machine knows its numbers; all else says what mends it", async () => {
  await prepare(["ann", "ben"]);
  await finish([]);
  await lab.release("2");
  await prepare(["ann"]);
  const path = join(repository!, ".publish/prepared/request.json");
  await writeFile(path, (await readFile(path, "utf8")).replace('"signing-request"', '"signing-"'));
  const damaged = {
    code: "repository.request-damaged",
    message: expect.stringContaining(path),
    hint: expect.stringContaining(`publish ${repository} --abandon`),
  };
  await expect(publishImages(options(), await dependencies(["ann", "ben", "cron"]))).rejects.toMatchObject(damaged);
  await expect(prepare(["ann"])).rejects.toMatchObject(damaged);
  await expect(finish([])).rejects.toMatchObject(damaged);
  await expect(publishImages(options({ renew: true }), await dependencies(["cron"], { stateDirectory: await scratchDirectory() }))).rejects.toMatchObject(
    damaged,
  );
  const events: RbuildEvent[] = [];
  const report = (event: RbuildEvent) => void events.push(event);
  // Others may have signed freshness 3.
  expect(await publishImages(options({ renew: true }), await dependencies(["cron"], { report }))).toMatchObject({ kind: "renewed", freshness: 4 });
  expect(events).toContainEqual({ kind: "warning.raised", ...damaged });
  expect(await abandonPrepared(repository!)).toBe(true);
  expect(await prepare(["ann"])).toMatchObject({ kind: "prepared", index: 3, freshness: 5 });
});

test("while something is prepared no other index is published, until it is taken away", async () => {
  await prepare(["ann"]);
  const publish = async () => publishImages(options(), await dependencies(["ann", "ben", "cron"]));
  await expect(publish()).rejects.toThrow(code("repository.prepared-pending"));
  expect([await abandonPrepared(repository!), await abandonPrepared(repository!)]).toEqual([true, false]);
  // Others may have signed number 1 of both.
  expect(await publish()).toMatchObject({ kind: "published", index: 2, freshness: 2 });
  expect(await prepare([])).toMatchObject({ kind: "unchanged" });
});
