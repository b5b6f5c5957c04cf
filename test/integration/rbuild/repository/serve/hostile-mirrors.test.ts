import { mkdtemp, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ATTACKS, type Attack } from "../../../../../src/rbuild/repository/serve/attack/attacks.ts";
import { isSignedAttack, type SignedAttack } from "../../../../../src/rbuild/repository/serve/attack/signed/signed-attacks.ts";
import { serveRepository } from "../../../../../src/rbuild/repository/serve/serve-repository.ts";
import type { TrustedRoot } from "../../../../../src/rbuild/trust/client/root-chain.ts";
import { readCheckout } from "../../../../../src/rbuild/trust/index.ts";
import { openTestHost } from "../../../../support/iso/container-host.ts";
import { giveAndBreak } from "../../../../support/pool/web-server.ts";
import { type FetchLab, openFetchLab, serveFiles } from "../../../../support/repository/fetch-lab.ts";
import { type ImagesOnDisk, imagesOnDisk } from "../../../../support/repository/images-on-disk.ts";
import { serveDirectory, serveOptions } from "../../../../support/repository/serve-directory.ts";
import { NOW } from "../../../../support/trust/test-keys.ts";

type OnTheWay = Exclude<Attack, SignedAttack>;

const DAY = 86_400_000;
const OLD = { name: "tools", version: "1.0" } as const;
const NEW = { name: "tools", version: "2.0" } as const;

const stack = new AsyncDisposableStack();
let images: ImagesOnDisk;
let roots: readonly TrustedRoot[];
let host: Awaited<ReturnType<typeof openTestHost>>;
let usual: FetchLab;

beforeAll(async () => {
  host = stack.use(await openTestHost());
  images = await imagesOnDisk(NOW, directory);
  const checkout = await readCheckout(images.keys, NOW);
  if (checkout.kind !== "checkout") throw new Error(checkout.message);
  roots = checkout.roots;
  const rollback = stack.use(await serveRepository({ ...serveOptions(images.directory), attack: "rollback" }));
  usual = await openFetchLab(host.docker, roots, await directory());
  expect(await usual.fetch([rollback.url], OLD)).toMatchObject({ how: "full" });
}, 60_000);
afterAll(() => stack.disposeAsync());

/** Until the last test. */
async function directory(): Promise<string> {
  const path = await mkdtemp("/var/tmp/rbuild-hostile-mirrors-");
  stack.defer(() => rm(path, { recursive: true, force: true }));
  return path;
}

const mirror = async (attack?: Attack): Promise<string> => (await serveDirectory(images.directory, attack === undefined ? {} : { attack })).url;

/** A client that has what there was at first, and has not seen the newer state. */
async function victim(): Promise<FetchLab> {
  const client = await openFetchLab(host.docker, roots, await directory());
  expect(await client.fetch([await mirror("rollback")], OLD)).toMatchObject({ how: "full" });
  return client;
}

/** What a client says that has seen less; it remembers what it remembered, unless metadata are right. */
const REFUSED: Readonly<Partial<Record<OnTheWay, string>>> = {
  mix: "trust.mix-and-match",
  unsigned: "trust.unsigned",
  "wrong-signature": "trust.unknown-key",
  "oversize-signature": "trust.too-large",
  "several-armours": "trust.malformed-signature",
  "packet-bomb": "trust.malformed-signature",
  "extra-packets": "trust.malformed-signature",
  "bitflip-metadata": "trust.malformed-metadata",
  truncate: "repository.unreachable",
  short: "trust.malformed-metadata",
  longer: "trust.too-large",
  endless: "trust.too-large",
  "chunked-forever": "trust.too-large",
  slow: "trust.slow-retrieval",
  stall: "trust.slow-retrieval",
  bomb: "trust.too-large",
  redirect: "trust.redirect",
  "redirect-downgrade": "trust.redirect",
  "captive-portal": "trust.captive-portal",
  "error-page": "repository.unreachable",
  "header-injection": "trust.malformed-answer",
  "huge-headers": "trust.malformed-answer",
};
/** A broken transfer is taken up again; who asks for no part of a file is told no lie about it; there is no newer root to hide, and no verdict. */
const HARMLESS: readonly OnTheWay[] = ["no-length", "reset", "swap", "range-lie", "withheld-root", "withheld-verdicts"];
const OTHERS: readonly OnTheWay[] = ["rollback", "freeze", "bitflip"];

test("every attack on the way is tried", () => {
  const all = Object.keys(ATTACKS).filter((name) => !isSignedAttack(name));
  expect([...Object.keys(REFUSED), ...HARMLESS, ...OTHERS].sort()).toEqual(all.sort());
});

test.each(Object.entries(REFUSED) as [OnTheWay, string][])("%s is called %s; the store and what is remembered stay as they were", async (attack, code) => {
  const before = await usual.memory();
  const category = code.startsWith("trust.") ? "untrusted" : "unavailable";
  await expect(usual.fetch([await mirror(attack)], NEW)).rejects.toMatchObject({ code, category });
  expect(await usual.memory()).toEqual(before);
});

test.each(HARMLESS)("%s does no harm", async (attack) => {
  const client = await victim();
  expect(await client.fetch([await mirror(attack)], NEW)).toMatchObject({ version: "2.0" });
});

test.each(["swap", "range-lie"] as const)("%s does no harm to who takes a broken transfer up, either", async (attack) => {
  const client = await openFetchLab(host.docker, roots, await directory());
  const breaking = await serveFiles(images.directory, (path, bytes, _request, response) => {
    if (!/^(?:encoded|blobs)\//.test(path) || !bytes || bytes.byteLength < 10_000) return false;
    giveAndBreak(bytes, 100_000, response);
    return true;
  });
  await expect(client.fetch([breaking.url], NEW, { limits: { attempts: 1 } })).rejects.toMatchObject({ code: "trust.short-file" });
  const logFile = join(await directory(), "log");
  const { url, server } = await serveDirectory(images.directory, { attack, logFormat: "json", logFile });
  expect(await client.fetch([url], NEW)).toMatchObject({ how: "full" });
  await server[Symbol.asyncDispose]();
  expect(await readFile(logFile, "utf8")).toMatch(/"status":206/);
});

test("bitflip is called trust.wrong-bytes; the store stays as it was", async () => {
  const client = await victim();
  const before = await client.memory();
  await expect(client.fetch([await mirror("bitflip")], NEW)).rejects.toMatchObject({ code: "trust.wrong-bytes" });
  expect((await client.memory()).images).toEqual(before.images);
});

test("rollback is called trust.rollback by who has seen more, and changes nothing", async () => {
  const client = await victim();
  await client.fetch([await mirror()], NEW);
  const before = await client.memory();
  await expect(client.fetch([await mirror("rollback")], OLD)).rejects.toMatchObject({ code: "trust.rollback" });
  expect(await client.memory()).toEqual(before);
});

test("freeze is called trust.freeze once the freshness has expired", async () => {
  const client = await victim();
  const before = await client.memory();
  const now = new Date(NOW.getTime() + 8 * DAY);
  await expect(client.fetch([await mirror("freeze")], { name: "tools", channel: "testing" }, { now })).rejects.toMatchObject({ code: "trust.freeze" });
  expect((await client.memory()).images).toEqual(before.images);
});

test("clock in 1970, a day behind, a day ahead, decades ahead", async () => {
  const client = await victim();
  const [url, before] = [await mirror(), await client.memory()];
  const at = (now: Date) => client.fetch([url], NEW, { now });
  for (const [now, code] of [
    [new Date("1970-01-01T00:01:00Z"), "trust.clock-behind"],
    [new Date(NOW.getTime() - DAY), "trust.clock-behind"],
    [new Date("2060-01-01T00:00:00Z"), "trust.clock-ahead"],
  ] as const) {
    await expect(at(now)).rejects.toMatchObject({ code, category: "untrusted" });
    expect(await client.memory()).toEqual(before);
  }
  // Who has seen nothing knows from the signatures alone.
  const newcomer = await openFetchLab(host.docker, roots, await directory());
  await expect(newcomer.fetch([url], NEW, { now: new Date(NOW.getTime() - DAY) })).rejects.toMatchObject({ code: "trust.future-signature" });
  expect((await newcomer.memory()).images).toEqual([]);
  expect(await newcomer.fetch([url], NEW, { now: new Date(NOW.getTime() + DAY) })).toMatchObject({ how: "full" });
});

test("another name, version, channel or architecture than there is, is not what there is", async () => {
  const client = await victim();
  const [url, before] = [await mirror(), await client.memory()];
  for (const choice of [
    { name: "other" },
    { name: "tools", version: "3.0" },
    { name: "tools", channel: "nightly" },
    { name: "tools", version: "1.0", architecture: "arm64" as const },
  ]) {
    await expect(client.fetch([url], choice)).rejects.toMatchObject({ code: "repository.no-such-image" });
    expect((await client.memory()).images).toEqual(before.images);
  }
});
