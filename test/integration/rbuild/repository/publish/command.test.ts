import { chown, mkdir, readFile, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { run } from "../../../../../src/system/index.ts";
import { jsonLines, rbuild } from "../../../../support/rbuild-command.ts";
import { listFiles, openPublishLab, type PublishLab } from "../../../../support/repository/publish-lab.ts";
import { scratchDirectory } from "../../../../support/scratch.ts";

let lab: PublishLab;
beforeAll(async () => {
  lab = await openPublishLab();
  await lab.release("1");
  for (const [name, key] of [
    ["publisher", lab.publisher],
    ["cron", lab.cron],
  ] as const)
    await writeFile(join(lab.directory, `${name}.key`), key.privateKey.armor());
});
afterAll(() => lab[Symbol.asyncDispose]());

const key = (name: string) => join(lab.directory, `${name}.key`);

/** With the definitions of the lab, and its engine as a daemon. */
async function image(args: readonly string[], options: { readonly prefix?: readonly string[]; readonly host?: string } = {}) {
  const { socketPath } = lab.images.docker.modem as unknown as { readonly socketPath: string };
  const env = { DOCKER_HOST: options.host ?? `unix://${socketPath}` };
  const { exitCode, stdout, stderr } = await rbuild(["image", ...args, "--keys", lab.keys, "--engine-root", join(lab.directory, "engine"), "--json"], {
    cwd: lab.images.directory,
    env,
    prefix: options.prefix ?? [],
  });
  const last = jsonLines(stdout).at(-1) ?? {};
  return { exitCode, stderr, code: last["code"], data: last["data"] as Record<string, unknown> };
}
const publish = (directory: string, args: readonly string[] = [], options = {}) =>
  image(["publish", directory, ...args, "--signer", key("publisher"), "--freshness-signer", `file:${key("cron")}`], options);
const NAMES = ["ground", "small"];

describe("the command", () => {
  test("says what it would write, writes it, and has nothing to do then", async () => {
    expect(await publish(lab.repository, [...NAMES, "--dry-run"])).toMatchObject({
      exitCode: 0,
      data: {
        kind: "planned",
        would: "publish",
        images: [
          { state: "new", layers: [expect.any(String)] },
          { state: "new", layers: [expect.any(String), expect.any(String)] },
        ],
      },
    });
    await expect(stat(lab.repository)).rejects.toThrow("ENOENT");
    expect(await publish(lab.repository, NAMES)).toMatchObject({ exitCode: 0, data: { kind: "published", index: 1 } });
    const nowhere = { host: "unix:///nonexistent/docker.sock" };
    expect(await publish(lab.repository, [...NAMES, "--dry-run"], nowhere)).toMatchObject({ exitCode: 0, data: { would: "nothing" } });
    expect(await publish(lab.repository, NAMES, nowhere)).toMatchObject({ exitCode: 0, data: { kind: "unchanged" } });
    expect(await image(["publish", lab.repository, "--renew", "--freshness-signer", key("cron")], nowhere)).toMatchObject({
      exitCode: 0,
      data: { kind: "renewed", freshness: 2 },
    });
    expect(await publish(lab.repository, ["--promote", "small:1=old"], nowhere)).toMatchObject({ exitCode: 0, data: { kind: "published", index: 2 } });
    const bundle = join(lab.directory, "images.tar");
    expect(await image(["bundle", bundle, "small", "--from", lab.repository])).toMatchObject({ exitCode: 0, data: { images: [{ name: "small" }] } });
    expect((await stat(bundle)).size).toBeGreaterThan(500_000);
  });

  test("refuses with exit code 4 what is not the pinned image, and 5 what clients would refuse", async () => {
    const other = join(lab.directory, "other");
    await lab.images.docker.getImage("rbuild/ground:1").tag({ repo: "rbuild/small", tag: "1" });
    expect(await publish(other, [...NAMES, "--allow-old-copy"])).toMatchObject({ exitCode: 4, code: "image.pin-mismatch" });
    await lab.release("2");
    const { imageId } = JSON.parse(await readFile(join(lab.images.directory, "images/small/image.pin.json"), "utf8")) as { readonly imageId: string };
    await lab.images.docker.getImage(imageId).remove({ force: true });
    expect(await publish(other, [...NAMES, "--allow-old-copy"])).toMatchObject({ exitCode: 4, code: "repository.image-absent" });
    const index = [...(await listFiles(lab.repository)).keys()].find((path) => /^index\/2.*\.json$/.test(path))!;
    await truncate(join(lab.repository, index), 100);
    expect(await publish(lab.repository, ["ground"])).toMatchObject({ exitCode: 5, code: "trust.mix-and-match" });
  });

  test("is understood in odd words or not at all", async () => {
    for (const args of [
      ["--promote", "small=stable"],
      ["--channel", "Stable"],
      ["--keep", "0"],
      ["--signer", "gpg:"],
      ["--expires", "0"],
    ])
      expect(await publish(lab.repository, args), args.join(" ")).toMatchObject({ exitCode: 2 });
  });
});

test("what root publishes belongs to whom the directory belongs, who can renew it", async () => {
  const directory = join(await scratchDirectory(), "images");
  await mkdir(directory);
  await chown(directory, 1234, 1235);
  expect((await lab.publish({ directory, names: ["ground"] })).kind).toBe("published");
  const { stdout } = await run("find", [directory, "!", "(", "-uid", "1234", "-gid", "1235", ")"]);
  expect(stdout).toBe("");
});

test("on a full disk the old state stands", async () => {
  const mount = join(await scratchDirectory(), "small-disk");
  await mkdir(mount);
  await run("mount", ["-t", "tmpfs", "-o", "size=1400k", "tmpfs", mount]);
  const [directory, stateDirectory] = [join(mount, "images"), await scratchDirectory()];
  await lab.release("3");
  await lab.publish({ directory, names: ["ground", "small"] }, { stateDirectory });
  const before = await listFiles(directory);
  await lab.release("4");
  await expect(lab.publish({ directory, names: ["ground", "small"] }, { stateDirectory })).rejects.toThrow(/ENOSPC|no space|disk is full/i);
  expect(await listFiles(directory)).toEqual(before);
  await run("mount", ["-o", "remount,size=16m", mount]);
  expect(await lab.publish({ directory, names: ["ground", "small"] }, { stateDirectory })).toMatchObject({ kind: "published", index: 2 });
});
