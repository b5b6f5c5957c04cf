import { readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { SIGNED_ATTACKS, type SignedAttack } from "../../../../../src/rbuild/repository/serve/attack/signed/signed-attacks.ts";
import { serveRepository } from "../../../../../src/rbuild/repository/serve/serve-repository.ts";
import type { FetchLab } from "../../../../support/repository/fetch-lab.ts";
import { serveOptions } from "../../../../support/repository/serve-directory.ts";
import { NEW, OLD, openVictims, type Victims } from "../../../../support/repository/victims.ts";

const stack = new AsyncDisposableStack();
let lab: Victims;
let usual: FetchLab;

beforeAll(async () => {
  lab = await openVictims("resigned", stack);
  usual = await lab.victim();
}, 60_000);
afterAll(() => stack.disposeAsync());

/** What is signed by enough of the keys is remembered, though the rest is refused. */
const REMEMBERED = {
  equivocation: "trust.equivocation",
  "wrong-architecture": "trust.wrong-image",
  "expired-root": "trust.expired-root",
  "endless-roots": "trust.endless-data",
} as const satisfies Readonly<Partial<Record<SignedAttack, string>>>;
const ACCEPTED = ["resigned", "rotation", "old-key"] as const satisfies readonly SignedAttack[];

const REFUSED: Readonly<Record<Exclude<SignedAttack, keyof typeof REMEMBERED | (typeof ACCEPTED)[number]>, string>> = {
  "expired-key": "trust.expired-key",
  "revoked-key": "trust.revoked-key",
  "future-key": "trust.future-key",
  "weak-key": "trust.weak-algorithm",
  "weak-hash": "trust.weak-algorithm",
  "wrong-key": "trust.unknown-key",
  "wrong-role": "trust.unknown-key",
  "future-signature": "trust.future-signature",
  "expired-signature": "trust.expired-signature",
  "other-file": "trust.bad-signature",
  "one-signer": "trust.threshold",
  "duplicate-signer": "trust.threshold",
  "two-subkeys": "trust.threshold",
  "wrong-repository": "trust.wrong-repository",
  "wrong-type": "trust.wrong-type",
  "fast-forward": "trust.fast-forward",
  "hidden-root": "trust.withheld-root",
  "stolen-root": "trust.unknown-key",
  "root-gap": "trust.root-gap",
  "huge-key": "trust.too-large",
  "bomb-key": "trust.malformed-certificate",
  "duplicate-fields": "trust.malformed-metadata",
  "proto-field": "trust.malformed-metadata",
  "odd-names": "trust.malformed-metadata",
  "path-escape": "trust.malformed-metadata",
};

test("every attack with signatures is tried", () => {
  expect([...Object.keys(REFUSED), ...Object.keys(REMEMBERED), ...ACCEPTED].sort()).toEqual(Object.keys(SIGNED_ATTACKS).sort());
});

test.each(Object.entries(REFUSED) as [SignedAttack, string][])("%s is called %s; the store and what is remembered stay as they were", async (attack, code) => {
  const before = await usual.memory();
  await expect(usual.fetch([await lab.mirror(attack)], NEW)).rejects.toMatchObject({ code, category: "untrusted" });
  expect(await usual.memory()).toEqual(before);
  expect(await usual.fetch([lab.first], OLD)).toMatchObject({ how: "present" });
});

test.each(Object.entries(REMEMBERED) as [SignedAttack, string][])("%s is called %s; the store stays as it was", async (attack, code) => {
  const client = await lab.victim();
  const url = await lab.mirror(attack);
  // Of its two faces the first one is believed.
  if (attack === "equivocation") await client.fetch([url], OLD);
  const before = await client.memory();
  await expect(client.fetch([url], NEW)).rejects.toMatchObject({ code, category: "untrusted" });
  expect(await client.memory()).toMatchObject({ images: before.images });
  if (attack === "equivocation") expect(await client.memory()).toEqual(before);
});

test.each([
  ["rotation", "trust.unknown-key"],
  ["old-key", "trust.rollback"],
] as const)("%s is no attack", async (attack, code) => {
  const client = await lab.victim();
  const url = await lab.mirror(attack);
  expect(await client.fetch([url], NEW)).toMatchObject({ how: "full" });
  // So is an image that was released under keys which have been rotated away since.
  const newcomer = await lab.newcomer();
  expect(await newcomer.fetch([url], OLD)).toMatchObject({ how: "full" });
  // What has been followed is remembered: where it began is an older state now.
  await expect(client.fetch([lab.first], NEW)).rejects.toMatchObject({ code });
});

test("a lab is made where there is nothing, and needed", async () => {
  const scratch = await lab.directory();
  await writeFile(join(scratch, "thesis.txt"), "");
  const open = (more: object) => serveRepository({ ...serveOptions(lab.images.directory), attack: "expired-key", ...more });
  await expect(open({})).rejects.toMatchObject({ code: "serve.attack-needs-lab", category: "invalid" });
  await expect(open({ attackLab: scratch })).rejects.toMatchObject({ code: "serve.no-attack-lab", category: "invalid" });
  expect(await readdir(scratch)).toEqual(["thesis.txt"]);
  const secret = join(lab.attackLab ?? "", "secret");
  for (const name of await readdir(secret)) expect((await stat(join(secret, name))).mode & 0o777).toBe(0o600);
});
