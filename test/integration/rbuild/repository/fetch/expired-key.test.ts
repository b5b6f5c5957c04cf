import { expect, onTestFinished, test } from "vitest";
import type { ImagePin } from "../../../../../src/rbuild/images/image-operations.ts";
import { readPin } from "../../../../../src/rbuild/images/pin/pin-file.ts";
import { openVouched } from "../../../../../src/rbuild/repository/fetch/open-vouched.ts";
import { repositoryPlace } from "../../../../../src/rbuild/repository/fetch/repository-place.ts";
import { openTestHost } from "../../../../support/iso/container-host.ts";
import { openFetchLab } from "../../../../support/repository/fetch-lab.ts";
import { openPublishLab, writeRoot } from "../../../../support/repository/publish-lab.ts";
import { MADE, NOW, testKey } from "../../../../support/trust/test-keys.ts";

const DAY = 86_400_000;

test("an old image, signed while the publisher's key was valid, is had by whoever pins it, with a warning, and by nobody else", async () => {
  const lab = await openPublishLab();
  onTestFinished(() => lab[Symbol.asyncDispose]());
  const { docker, ...host } = await openTestHost();
  onTestFinished(() => host[Symbol.asyncDispose]());
  await lab.release("1");
  const short = await testKey("short", { date: MADE, days: Math.floor((NOW.getTime() - MADE.getTime()) / DAY) + 5 });
  await writeRoot(lab.keys, lab.owner, { root: lab.owner, publisher: short, freshness: lab.cron });
  await lab.publish({}, { openSigners: async () => [short.signer, lab.cron.signer] });
  const pin = (await readPin(`${lab.images.directory}/images/small`)) as ImagePin;

  const client = await openFetchLab(docker, await lab.roots());
  const now = new Date(NOW.getTime() + 6 * DAY);
  await expect(client.fetch([lab.repository], {}, { now })).rejects.toMatchObject({ code: "trust.expired-key", category: "untrusted" });
  expect(await client.memory()).toMatchObject({ images: [] });
  const zeros = `sha256:${"0".repeat(64)}` as const;
  await expect(client.fetch([lab.repository], { pin: { ...pin, digest: zeros } }, { now })).rejects.toMatchObject({ code: "image.pin-mismatch" });
  expect(await client.fetch([lab.repository], { pin }, { now })).toMatchObject({ how: "full", digest: pin.digest });
  expect(await client.fetch([lab.repository], { pin }, { now })).toMatchObject({ how: "present" });
  // Who publishes or signs a request compares with what is shown, and has no digest that decides.
  const dependencies = { roots: await lab.roots(), stateDirectory: client.state, report: () => undefined, clock: { now: () => now } };
  await expect(openVouched([await repositoryPlace(lab.repository)], dependencies)).rejects.toMatchObject({ code: "trust.expired-key" });
  expect(new Set(client.warnings())).toEqual(new Set(["trust.expired-key"]));
});
