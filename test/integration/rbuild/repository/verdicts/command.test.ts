import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { systemClock } from "../../../../../src/system/index.ts";
import { jsonLines, rbuild } from "../../../../support/rbuild-command.ts";
import { listFiles, openPublishLab, type PublishLab, writeRoot } from "../../../../support/repository/publish-lab.ts";
import { scratchDirectory } from "../../../../support/scratch.ts";
import { type TestKey, testKey } from "../../../../support/trust/test-keys.ts";

let lab: PublishLab;
let rita: TestKey;
let mallory: TestKey;
beforeAll(async () => {
  lab = await openPublishLab();
  [rita, mallory] = await Promise.all([testKey("rita"), testKey("mallory")]);
  for (const [name, key] of Object.entries({ rita, mallory })) await writeFile(join(lab.directory, `${name}.key`), key.privateKey.armor());
  await writeRoot(lab.keys, lab.owner, { root: lab.owner, publisher: lab.publisher, freshness: lab.cron }, { keys: [rita], threshold: 0 });
  await lab.release("1");
  await lab.publish({}, { clock: systemClock });
}, 60_000);
afterAll(() => lab[Symbol.asyncDispose]());

/** With the definitions of the lab, its engine as a daemon, and a state of its own. */
async function image(args: readonly string[]) {
  const { socketPath } = lab.images.docker.modem as unknown as { readonly socketPath: string };
  const env = { DOCKER_HOST: `unix://${socketPath}`, XDG_STATE_HOME: join(lab.directory, "state") };
  const { exitCode, stdout } = await rbuild(["image", ...args, "--keys", lab.keys, "--json"], { cwd: lab.images.directory, env });
  const last = jsonLines(stdout).at(-1) ?? {};
  return { exitCode, code: last["code"], data: last["data"] };
}
const signer = (name: string) => ["--signer", join(lab.directory, `${name}.key`)];

test("a rebuilder attests what he rebuilt, the publisher brings it in without a key, a client demands it", async () => {
  const verdicts = join(await scratchDirectory(), "verdicts");
  const attest = ["attest", "small", "--to", verdicts, "--offline", "--pool", join(lab.images.dependencies.stateDirectory, "pool")];
  expect(await image([...attest, ...signer("rita")])).toMatchObject({ exitCode: 2, code: "attest.not-built-here" });
  expect(await image([...attest, ...signer("mallory"), "--rebuild"])).toMatchObject({ exitCode: 2, code: "keys.not-a-rebuilder" });
  expect(await image([...attest, ...signer("rita")])).toMatchObject({ exitCode: 0, data: [{ name: "small", verdict: "identical", state: "signed" }] });
  expect(await image(["publish", lab.repository, "--verdicts", verdicts])).toMatchObject({
    exitCode: 0,
    data: { verdicts: [{ state: "new", name: "small", verdict: "identical", rebuilder: rita.fingerprint }] },
  });
  expect((await listFiles(join(lab.repository, "verdicts"))).size).toBe(2);

  const fetch = ["fetch", "small", "--from", lab.repository];
  expect(await image(fetch)).toMatchObject({ exitCode: 0, data: [{ rebuilders: { demanded: 0, of: 1, identical: [rita.fingerprint] } }] });
  expect(await image([...fetch, "--quorum", "all"])).toMatchObject({ exitCode: 0, data: [{ rebuilders: { demanded: 1 } }] });
  expect(await image([...fetch, "--quorum", "2"])).toMatchObject({ exitCode: 5, code: "trust.quorum" });
});

test("a rebuild that differs is told, and signed only when that is asked for", async () => {
  const [verdicts, pin] = [await scratchDirectory(), join(lab.images.directory, "images/small/image.pin.json")];
  await lab.release("2");
  const other = { name: "small", version: "2", architecture: "amd64", digest: `sha256:${"a".repeat(64)}`, imageId: `sha256:${"b".repeat(64)}` };
  await writeFile(pin, JSON.stringify(other));
  const attest = ["attest", "small", "--to", verdicts, "--rebuild", "--offline", "--pool", join(lab.images.dependencies.stateDirectory, "pool")];
  expect(await image([...attest, ...signer("rita")])).toMatchObject({ exitCode: 1, data: [{ verdict: "different", state: "unsigned" }] });
  expect((await listFiles(verdicts)).size).toBe(0);
  expect(await image([...attest, ...signer("rita"), "--sign-different"])).toMatchObject({ exitCode: 1, data: [{ verdict: "different", state: "signed" }] });
  expect(await image(["publish", lab.repository, "--verdicts", verdicts])).toMatchObject({
    exitCode: 5,
    data: { verdicts: [{ state: "refused", code: "trust.verdict-wrong-image" }] },
  });
});

test("is understood in odd words or not at all", async () => {
  for (const args of [
    ["publish", lab.repository, "small", "--verdicts", lab.directory],
    ["publish", lab.repository, "--renew", "--verdicts", lab.directory],
    ["fetch", "small", "--quorum", "0"],
    ["fetch", "small", "--quorum", "most"],
    ["attest", "small"],
  ])
    expect(await image(args), args.join(" ")).toMatchObject({ exitCode: 2 });
});
