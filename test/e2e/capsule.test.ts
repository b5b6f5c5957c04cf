import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, test } from "vitest";
import type { CapsuleVerdict, CreatedCapsule } from "../../src/rbuild/index.ts";
import { run } from "../../src/system/index.ts";
import { openTestArchive } from "../support/apt-archive/index.ts";
import { openTestTree } from "../support/iso/git-tree.ts";
import { jsonLines, RBUILD, rbuild } from "../support/rbuild-command.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { smallBuilderPackage, writeSmallDefinition } from "../support/small-builder.ts";

const RBUILD_YAML = "builder: small\nnetwork: none\nproxy: none\ndisk: 1M\ncapabilities: [CHOWN, DAC_OVERRIDE]\n";
const MAKEFILE = `iso:
	mkdir -p $(RBUILD_OUTPUT)
	{ make --version | head -n 1; cat source; echo $(SOURCE_DATE_EPOCH) $(RBUILD_GIT_COMMIT) $(RBUILD_GIT_TAG) $(RBUILD_GIT_BASE_BRANCH); } > $(RBUILD_OUTPUT)/system.iso
`;

test("a tree is rebuilt from its capsule without a network, by the rbuild in it, to the same bytes", { timeout: 300_000 }, async () => {
  const scratch = await scratchDirectory();
  const tree = openTestTree(join(scratch, "tree"));
  await mkdir(tree.directory);
  const places = ["--engine-root", join(scratch, "engine"), "--run-root", join(scratch, "run")];
  const command = async (...args: string[]) => {
    const ended = await rbuild(["--json", ...places, ...args], { cwd: tree.directory });
    expect(ended.exitCode, `${args.join(" ")}\n${ended.stderr}\n${ended.stdout.slice(-2000)}`).toBe(0);
    return jsonLines(ended.stdout).at(-1)?.["data"];
  };

  const capsule = join(scratch, "small.capsule.tar");
  {
    await using archive = await openTestArchive();
    await archive.publish({ packages: [await smallBuilderPackage(scratch)] });
    await tree.git("init", "--quiet", "--initial-branch=main");
    const definition = await writeSmallDefinition(join(tree.directory, "images"), archive);
    await tree.write({ ...definition, "rbuild.yaml": RBUILD_YAML, Makefile: MAKEFILE, source: "the source\n", ".gitignore": "out/\n" });
    await command("image", "lock", "small");
    await command("image", "pin", "small");
    await tree.commit();
    await tree.git("tag", "v1");
    await command("iso");
    const created = (await command("capsule", "create", capsule)) as CreatedCapsule;
    expect(created.artifacts).toEqual([{ path: "system.iso", size: expect.any(Number), digest: expect.any(String) }]);
    expect((await command("capsule", "create", join(scratch, "again.tar"))) as CreatedCapsule).toMatchObject({ digest: created.digest });
  }
  const artifact = await readFile(join(tree.directory, "out/system.iso"));

  // Another day on another machine: nothing of this one's state, and no network but a loopback that is down.
  await run("tar", ["-xf", capsule, "-C", scratch]);
  const away = ["unshare", "--net", "env", "-i", `PATH=${process.env["PATH"]}`, "HOME=/root", "TZ=Asia/Tokyo"];
  const output = join(scratch, "rebuilt/out");
  const rebuilt = await rbuild(["--json", "--output", output, ...places], { prefix: away, launcher: join(scratch, "capsule/build"), cwd: scratch });
  expect(rebuilt.exitCode, `${rebuilt.stderr}\n${rebuilt.stdout.slice(-3000)}`).toBe(0);
  const { data } = jsonLines(rebuilt.stdout).at(-1) as { readonly data: CapsuleVerdict };
  expect(data).toMatchObject({ kind: "identical", images: [{ name: "small" }], artifacts: [{ path: "system.iso" }] });
  expect(await readFile(join(output, "system.iso"))).toEqual(artifact);

  // The file itself, by a rbuild that was there before.
  const images = await rbuild(["--json", "capsule", "build", capsule, "--images-only", ...places], { prefix: away, cwd: scratch });
  expect(images.exitCode, images.stderr).toBe(0);
  expect(jsonLines(images.stdout).at(-1)).toMatchObject({ data: { kind: "unknown", images: [{ name: "small" }], artifacts: [] } });
  expect(await leftovers(scratch)).toEqual([]);

  // One that is killed while its image is in the making is removed by the next.
  const killed = spawn(RBUILD, ["--json", "capsule", "build", capsule, "--images-only", ...places], { cwd: scratch, stdio: ["ignore", "pipe", "ignore"] });
  for await (const line of createInterface({ input: killed.stdout })) if (line.includes('"image.unpack"')) break;
  killed.kill("SIGKILL");
  await once(killed, "exit");
  expect(await leftovers(scratch)).not.toEqual([]);
  const next = await rbuild(["--json", "capsule", "build", capsule, "--images-only", ...places], { cwd: scratch });
  expect(next.exitCode, next.stderr).toBe(0);
  expect(await leftovers(scratch)).toEqual([]);

  // One package that is another.
  const manifest = JSON.parse(await readFile(join(scratch, "capsule/capsule.json"), "utf8")) as { members: { path: string }[] };
  const member = manifest.members.find(({ path }) => path.startsWith("pool/"))!.path;
  const bytes = await readFile(join(scratch, "capsule", member));
  bytes[100] = bytes[100]! ^ 1;
  await writeFile(join(scratch, "capsule", member), bytes);
  const refused = await rbuild(["--json", ...places], { prefix: away, launcher: join(scratch, "capsule/build"), cwd: scratch });
  expect(refused.exitCode).toBe(5);
  expect(jsonLines(refused.stdout).at(-1)).toMatchObject({ code: "capsule.damaged", details: { path: member } });
});

/** What builds of capsules have in their places: directories, sockets, mounts. */
async function leftovers(scratch: string): Promise<string[]> {
  const work = await readdir(join(scratch, "engine/state/capsules"));
  const runRoots = (await readdir("/run")).filter((name) => work.some((own) => name === `rbuild-${own}`));
  const mounts = (await readFile("/proc/self/mountinfo", "utf8")).split("\n").map((line) => line.split(" ")[4] ?? "");
  return [...work, ...runRoots, ...mounts.filter((target) => target.startsWith(`${scratch}/engine/state/`))];
}
