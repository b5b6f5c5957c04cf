import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openGnupgSigner } from "../../../../../src/rbuild/trust/index.ts";
import { pathExists, systemClock } from "../../../../../src/system/index.ts";
import { openPublishLab, writeRoot } from "../../../../support/repository/publish-lab.ts";
import { cardHome } from "../../../../support/trust/card-reader.ts";
import { testKey } from "../../../../support/trust/test-keys.ts";

test("a publication is signed by a key on an OpenPGP card, through gpg, its agent and scdaemon", async () => {
  const lab = await openPublishLab();
  onTestFinished(() => lab[Symbol.asyncDispose]());
  await lab.release("1");
  const key = await testKey("card");
  await writeRoot(lab.keys, lab.owner, { root: lab.owner, publisher: key, freshness: lab.cron });
  const home = await cardHome(key, "123456");
  const signer = await openGnupgSigner(key.fingerprint, home.environment);
  expect(signer.fingerprint).toBe(key.fingerprint);
  const publish = () => lab.publish({}, { clock: systemClock, openSigners: async () => [signer, lab.cron.signer] });

  await home.answerPin("654321");
  await expect(publish()).rejects.toThrow(expect.objectContaining({ code: "keys.signing-failed", message: expect.stringMatching(/PIN/) }));
  expect(await pathExists(join(lab.repository, "current.json"))).toBe(false);
  await home.answerPin("123456");
  expect(await publish()).toMatchObject({ kind: "published", images: [{ state: "new" }, { state: "new" }] });
  expect(home.said().slice(-3)).toEqual(["PIN wrong", "PIN right", "signed"]);
});
