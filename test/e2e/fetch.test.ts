import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { run } from "../../src/system/index.ts";
import { openTestArchive } from "../support/apt-archive/index.ts";
import { openTestTree } from "../support/iso/git-tree.ts";
import { jsonLines, rbuild } from "../support/rbuild-command.ts";
import { startNginx } from "../support/repository/nginx.ts";
import { writeRoot } from "../support/repository/publish-lab.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { smallBuilderPackage, writeSmallDefinition } from "../support/small-builder.ts";
import { testKey } from "../support/trust/test-keys.ts";
import { counterValues, NO_CONNECTION, withoutNetwork } from "../support/without-network.ts";

const RBUILD_YAML = "builder: small\nnetwork: none\nproxy: none\ndisk: 1M\ncapabilities: [CHOWN, DAC_OVERRIDE]\n";
const MAKEFILE = "iso:\n\tmkdir -p $(RBUILD_OUTPUT)\n\t{ make --version | head -n 1; cat source; } > $(RBUILD_OUTPUT)/system.iso\n";
test("nginx serves what is published: whole, then as a delta; switched off, the pinned build goes on", { timeout: 300_000 }, async () => {
  const scratch = await scratchDirectory();
  const [owner, publisher, cron] = await Promise.all([testKey("owner"), testKey("publisher"), testKey("cron")]);
  const machine = (name: string, cwd: string) => {
    const places = ["--engine-root", join(scratch, name, "engine"), "--run-root", join(scratch, name, "run")];
    return async (args: readonly string[], prefix: readonly string[] = []) => {
      const env = { XDG_STATE_HOME: join(scratch, name, "state") };
      const { stdout, stderr, exitCode } = await rbuild(["--json", ...places, ...args], { cwd, env, prefix });
      const lines = jsonLines(stdout);
      return { exitCode, stderr, lines, of: (kind: string) => lines.filter((line) => line["kind"] === kind), last: lines.at(-1) };
    };
  };
  const done = (ended: Awaited<ReturnType<ReturnType<typeof machine>>>) => {
    expect(ended.exitCode, `${ended.stderr}\n${JSON.stringify(ended.lines.slice(-4))}`).toBe(0);
    return ended;
  };

  const tree = openTestTree(join(scratch, "tree"));
  await mkdir(tree.directory);
  await tree.git("init", "--quiet", "--initial-branch=main");
  const repository = join(scratch, "repository");
  for (const [name, key] of Object.entries({ publisher, cron })) await writeFile(join(scratch, `${name}.key`), key.privateKey.armor(), { mode: 0o600 });
  const manager = machine("manager", tree.directory);
  await writeRoot(join(tree.directory, "keys"), owner, { root: owner, publisher, freshness: cron });
  await using archive = await openTestArchive();
  const release = async (version: string) => {
    await archive.publish({ packages: [await smallBuilderPackage(scratch, version)] });
    const definition = await writeSmallDefinition(join(tree.directory, "images"), archive, { version });
    await tree.write({ ...definition, "rbuild.yaml": RBUILD_YAML, Makefile: MAKEFILE, source: `the source of ${version}\n`, ".gitignore": "out/\n" });
    done(await manager(["image", "lock", "small", ...(version === "1" ? [] : ["--refresh"])]));
    done(await manager(["image", "pin", "small"]));
    await tree.commit(`version ${version}`);
    done(await manager(["image", "publish", repository, "--signer", "../publisher.key", "--freshness-signer", "../cron.key", "small"]));
    done(await manager(["iso"]));
    return readFile(join(tree.directory, "out/system.iso"));
  };

  const first = await release("1");
  await cp(repository, join(scratch, "first"), { recursive: true });
  const clone = join(scratch, "clone");
  await run("git", ["clone", "--quiet", tree.directory, clone]);
  const developer = machine("developer", clone);
  const nginx = await startNginx(repository);

  const built = done(await developer(["iso", "--repository", nginx.url]));
  expect(built.of("image.fetched")).toMatchObject([{ name: "small", version: "1", how: "full", source: nginx.url }]);
  expect(built.of("image.accepted")).toMatchObject([{ how: "fetched" }]);
  expect(await readFile(join(clone, "out/system.iso"))).toEqual(first);

  const second = await release("2");
  await run("git", ["pull", "--quiet"], { cwd: clone });
  const updated = done(await developer(["image", "fetch", "small", "--from", nginx.url]));
  const sizes = [built, updated].map((ended) => Number(ended.of("image.fetched")[0]?.["bytes"]));
  expect(updated.of("image.fetched")).toMatchObject([{ version: "2", how: "delta" }]);
  expect(sizes[1]).toBeLessThan((sizes[0] ?? 0) / 20);

  const hostile = await startNginx(join(scratch, "first"));
  const refused = await developer(["image", "fetch", "small", "--from", hostile.url]);
  expect(refused).toMatchObject({ exitCode: 5, last: { kind: "error", code: "trust.rollback" } });

  await Promise.all([nginx.stop(), hostile.stop()]);
  const counters = join(scratch, "snmp");
  const offline = done(await developer(["iso", "--repository", nginx.url], withoutNetwork(counters)));
  expect(offline.of("image.accepted")).toMatchObject([{ how: "present" }]);
  expect(await readFile(join(clone, "out/system.iso"))).toEqual(second);
  expect(counterValues(await readFile(counters, "utf8"))).toMatchObject(NO_CONNECTION);
});
