import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { parseRole } from "../../../../../src/cli/keys/key-options.ts";
import { type Checkout, drillLeak, importCertificate, proposeRoot, readCheckout, scanKeys, signProposal } from "../../../../../src/rbuild/trust/index.ts";
import { scratchDirectory } from "../../../../support/scratch.ts";
import { NOW, type TestKey, testKey } from "../../../../support/trust/test-keys.ts";

let ann: TestKey;
let cron: TestKey;
let rita: TestKey;
let rolf: TestKey;
beforeAll(async () => {
  [ann, cron, rita, rolf] = (await Promise.all(["ann", "cron", "rita", "rolf"].map((name) => testKey(name)))) as [TestKey, TestKey, TestKey, TestKey];
});

async function open(directory: string): Promise<Checkout> {
  const checkout = await readCheckout(directory, NOW);
  if (checkout.kind === "refused") throw new Error(checkout.message);
  return checkout;
}

/** A root whose role `rebuilder` is as `--role` says it. */
async function ceremony(rebuilder: string): Promise<Checkout> {
  const directory = join(await scratchDirectory(), "keys");
  for (const { armored } of [ann, cron, rita, rolf]) await importCertificate(directory, Buffer.from(armored), "it", NOW);
  const roles = [`root=${ann.fingerprint}`, `publisher=${ann.fingerprint}`, `freshness=${cron.fingerprint}`, `rebuilder=${rebuilder}`];
  const chosen = roles.reduce<ReturnType<typeof parseRole>>((before, text) => parseRole(text, before), new Map());
  await proposeRoot(await open(directory), { repository: "test-images", roles: Object.fromEntries(chosen), days: 365 }, NOW);
  await signProposal(await open(directory), ann.signer, NOW);
  return open(directory);
}

test("rebuilders may be named without a verdict being demanded", async () => {
  const checkout = await ceremony(`0:${rita.fingerprint},${rolf.fingerprint}`);
  expect(checkout.roots.at(-1)?.root.roles.rebuilder).toEqual({ threshold: 0, keys: [rita.fingerprint, rolf.fingerprint].sort() });
  expect((await scanKeys(checkout, NOW)).isBroken).toBe(false);
  // What one of them says is shown.
  expect((await drillLeak(checkout, [rita.fingerprint], NOW)).clients[0]).toMatchObject({ canVouch: true, canPublish: false });
  expect((await drillLeak(checkout, [cron.fingerprint], NOW)).clients[0]).toMatchObject({ canVouch: false, canFreeze: true });
  expect(() => parseRole(`publisher=0:${ann.fingerprint}`)).toThrow(expect.objectContaining({ code: "cli.invalid-value" }));
});

test("a threshold of rebuilders is reached by so many leaked keys", async () => {
  const checkout = await ceremony(`2:${rita.fingerprint},${rolf.fingerprint}`);
  expect((await drillLeak(checkout, [rita.fingerprint], NOW)).clients[0]).toMatchObject({ canVouch: false, isSafe: true });
  expect((await drillLeak(checkout, [rita.fingerprint, rolf.fingerprint], NOW)).clients[0]).toMatchObject({ canVouch: true, isSafe: false });
});

test("whoever publishes is no rebuilder", async () => {
  await expect(ceremony(`${ann.fingerprint},${rita.fingerprint}`)).rejects.toMatchObject({ code: "keys.incomplete" });
});
