import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { cp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openDirectorySource, openTrustStore, updateTrust } from "../../../../../src/rbuild/trust/index.ts";
import { systemClock } from "../../../../../src/system/index.ts";
import { RBUILD, rbuild } from "../../../../support/rbuild-command.ts";
import { killWhen } from "../../../../support/repository/kill-when.ts";
import { listFiles, openPublishLab, type PublishLab } from "../../../../support/repository/publish-lab.ts";

let lab: PublishLab;
let published: string;
beforeAll(async () => {
  lab = await openPublishLab();
  for (const [name, key] of [
    ["publisher", lab.publisher],
    ["cron", lab.cron],
  ] as const)
    await writeFile(join(lab.directory, `${name}.key`), key.privateKey.armor(), { mode: 0o600 });
  await lab.release("1");
  expect(await rbuild(["image", "publish", lab.repository, ...sign(), "ground", "small"], command())).toMatchObject({ exitCode: 0 });
  published = join(lab.directory, "published");
  await cp(lab.repository, published, { recursive: true });
  await lab.release("2");
});
afterAll(() => lab[Symbol.asyncDispose]());

const sign = () => [
  "--signer",
  join(lab.directory, "publisher.key"),
  "--freshness-signer",
  join(lab.directory, "cron.key"),
  "--keys",
  lab.keys,
  "--engine-root",
  engine(),
];
const engine = () => join(lab.directory, "engine");
/** With the definitions of the lab and its engine as a daemon. */
const command = () => ({
  cwd: lab.images.directory,
  env: {
    DOCKER_HOST: `unix://${(lab.images.docker.modem as unknown as { readonly socketPath: string }).socketPath}`,
  },
});

async function indexOf(): Promise<number> {
  const roots = await lab.roots();
  const memory = join(lab.directory, "memory");
  await rm(memory, { recursive: true, force: true });
  await using store = await openTrustStore(memory, roots[0]!.digest);
  const verdict = await updateTrust({ checkout: roots.slice(0, 1), repository: openDirectorySource(lab.repository), store, clock: systemClock });
  if (verdict.kind !== "current") throw new Error(JSON.stringify(verdict));
  return verdict.index.version;
}

const within = (path: string) => existsSync(join(lab.repository, path));
const someIn = (path: string, count: number) => within(path) && readdirSync(join(lab.repository, path)).length >= count;
const MOMENTS: readonly [string, () => boolean][] = [
  ["while it starts", () => true],
  ["when it holds the lock", () => within(".publish/new")],
  ["while it takes the image", () => within(".publish/scratch/image-small-amd64")],
  ["while it compresses", () => someIn(".publish/scratch", 3)],
  ["when layers are staged", () => within(".publish/new/encoded")],
  ["when the index is signed", () => within(".publish/new/index")],
  ["when the freshness is signed", () => within(".publish/new/freshness")],
  ["when all is staged", () => within(".publish/new/current.json")],
  ["when it brings the index", () => someIn("index", 4)],
  ["when it brings the layers", () => someIn("encoded/sha256", 3)],
  ["when it brings the freshness", () => someIn("freshness", 4)],
  ["when it is shown", () => readFileSync(join(lab.repository, "current.json"), "utf8").includes('"version": 2')],
];

test.each(MOMENTS)("killed %s, the repository is as it was or as it shall be, and the next publication completes it", async (_when, isReached) => {
  await rm(lab.repository, { recursive: true });
  await cp(published, lab.repository, { recursive: true });
  await rm(join(engine(), "state/published"), { recursive: true, force: true }); // that this is an old copy
  const { cwd, env } = command();
  const child = spawn(RBUILD, ["image", "publish", lab.repository, ...sign(), "ground", "small"], {
    cwd,
    env: { PATH: process.env["PATH"], HOME: "/root", RBUILD_CONFIG_HOME: "/nonexistent", ...env },
    stdio: "ignore",
    detached: true,
  });
  await killWhen(child, isReached);
  expect([1, 2]).toContain(await indexOf());
  expect(await rbuild(["image", "publish", lab.repository, ...sign(), "ground", "small"], command())).toMatchObject({ exitCode: 0 });
  expect(await indexOf()).toBeGreaterThanOrEqual(2);
  const left = [...(await listFiles(lab.repository)).keys()].filter((path) => path.startsWith("."));
  expect(left).toEqual([".publish/lock"]);
});
