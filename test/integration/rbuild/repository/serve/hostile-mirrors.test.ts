import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ATTACKS, type Attack } from "../../../../../src/rbuild/repository/serve/attack/attacks.ts";
import { isSignedAttack, type SignedAttack } from "../../../../../src/rbuild/repository/serve/attack/signed/signed-attacks.ts";
import { giveAndBreak } from "../../../../support/pool/web-server.ts";
import { type FetchLab, serveFiles } from "../../../../support/repository/fetch-lab.ts";
import { REFUSED_METADATA } from "../../../../support/repository/refused-metadata.ts";
import { serveDirectory } from "../../../../support/repository/serve-directory.ts";
import { NEW, OLD, openVictims, type Victims } from "../../../../support/repository/victims.ts";
import { NOW } from "../../../../support/trust/test-keys.ts";

type OnTheWay = Exclude<Attack, SignedAttack>;

const DAY = 86_400_000;

const stack = new AsyncDisposableStack();
let lab: Victims;
let usual: FetchLab;

beforeAll(async () => {
  lab = await openVictims("rollback", stack);
  usual = await lab.victim();
}, 60_000);
afterAll(() => stack.disposeAsync());

/** What a client says that has seen less; it remembers what it remembered, unless metadata are right. */
const REFUSED: Readonly<Partial<Record<OnTheWay, string>>> = {
  ...REFUSED_METADATA,
  truncate: "repository.unreachable",
  longer: "trust.too-large",
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
  await expect(usual.fetch([await lab.mirror(attack)], NEW)).rejects.toMatchObject({ code, category });
  expect(await usual.memory()).toEqual(before);
});

test.each(HARMLESS)("%s does no harm", async (attack) => {
  const client = await lab.victim();
  expect(await client.fetch([await lab.mirror(attack)], NEW)).toMatchObject({ version: "2.0" });
});

test.each(["swap", "range-lie"] as const)("%s does no harm to who takes a broken transfer up, either", async (attack) => {
  const client = await lab.newcomer();
  const breaking = await serveFiles(lab.images.directory, (path, bytes, _request, response) => {
    if (!/^(?:encoded|blobs)\//.test(path) || !bytes || bytes.byteLength < 10_000) return false;
    giveAndBreak(bytes, 100_000, response);
    return true;
  });
  await expect(client.fetch([breaking.url], NEW, { limits: { attempts: 1 } })).rejects.toMatchObject({ code: "trust.short-file" });
  const logFile = join(await lab.directory(), "log");
  const { url, server } = await serveDirectory(lab.images.directory, { attack, logFormat: "json", logFile });
  expect(await client.fetch([url], NEW)).toMatchObject({ how: "full" });
  await server[Symbol.asyncDispose]();
  expect(await readFile(logFile, "utf8")).toMatch(/"status":206/);
});

test("bitflip is called trust.wrong-bytes; the store stays as it was", async () => {
  const client = await lab.victim();
  const before = await client.memory();
  await expect(client.fetch([await lab.mirror("bitflip")], NEW)).rejects.toMatchObject({ code: "trust.wrong-bytes" });
  expect((await client.memory()).images).toEqual(before.images);
});

test("rollback is called trust.rollback by who has seen more, and changes nothing", async () => {
  const client = await lab.victim();
  await client.fetch([await lab.mirror()], NEW);
  const before = await client.memory();
  await expect(client.fetch([await lab.mirror("rollback")], OLD)).rejects.toMatchObject({ code: "trust.rollback" });
  expect(await client.memory()).toEqual(before);
});

test("freeze is called trust.freeze once the freshness has expired", async () => {
  const client = await lab.victim();
  const before = await client.memory();
  const now = new Date(NOW.getTime() + 8 * DAY);
  await expect(client.fetch([await lab.mirror("freeze")], { name: "tools", channel: "testing" }, { now })).rejects.toMatchObject({ code: "trust.freeze" });
  expect((await client.memory()).images).toEqual(before.images);
});

test("clock in 1970, a day behind, a day ahead, decades ahead", async () => {
  const client = await lab.victim();
  const [url, before] = [await lab.mirror(), await client.memory()];
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
  const newcomer = await lab.newcomer();
  await expect(newcomer.fetch([url], NEW, { now: new Date(NOW.getTime() - DAY) })).rejects.toMatchObject({ code: "trust.future-signature" });
  expect((await newcomer.memory()).images).toEqual([]);
  expect(await newcomer.fetch([url], NEW, { now: new Date(NOW.getTime() + DAY) })).toMatchObject({ how: "full" });
});

test("another name, version, channel or architecture than there is, is not what there is", async () => {
  const client = await lab.victim();
  const [url, before] = [await lab.mirror(), await client.memory()];
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
