import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { jsonLines, rbuild } from "../../../../support/rbuild-command.ts";
import { listFiles, openPublishLab } from "../../../../support/repository/publish-lab.ts";
import { scratchDirectory } from "../../../../support/scratch.ts";

/** What clients ask for first; everything else is found by its name in the index. */
const METADATA = /^(?:current\.json|(?:root|freshness|index)\/[0-9a-f.]+json(?:\.asc)?)$/;

test("the work is in proportion to the change: with none, no file but the signed ones is opened, however many there are", async () => {
  const lab = await openPublishLab();
  onTestFinished(() => lab[Symbol.asyncDispose]());
  const [publisher, cron, trace] = [join(lab.directory, "publisher.key"), join(lab.directory, "cron.key"), join(await scratchDirectory(), "trace")];
  await writeFile(publisher, lab.publisher.privateKey.armor());
  await writeFile(cron, lab.cron.privateKey.armor());
  const { socketPath } = lab.images.docker.modem as unknown as { readonly socketPath: string };

  /** Publishes, and tells which files of the repository that were there before were opened, and which were looked at. */
  async function publish(...more: readonly string[]) {
    const before = await listFiles(lab.repository).catch(() => new Map<string, string>());
    const args = ["image", "publish", lab.repository, "ground", "small", ...more, "--signer", publisher, "--freshness-signer", cron, "--keys", lab.keys];
    const done = await rbuild([...args, "--engine-root", join(lab.directory, "engine"), "--json"], {
      cwd: lab.images.directory,
      env: { DOCKER_HOST: `unix://${socketPath}` },
      prefix: ["strace", "-f", "-qq", "--seccomp-bpf", "-o", trace, "-e", "trace=open,openat,openat2,stat,lstat,statx,newfstatat", "-s", "4096"],
    });
    const { data } = jsonLines(done.stdout).at(-1) as { readonly data: { readonly kind: string } };
    const touched = { opened: new Set<string>(), seen: new Set<string>() };
    for (const [, call = "", path = ""] of (await readFile(trace, "latin1")).matchAll(/ (open|openat|openat2|stat|lstat|statx|newfstatat)\([^"]*"([^"]*)"/g)) {
      const name = path.startsWith(`${lab.repository}/`) ? path.slice(lab.repository.length + 1) : "";
      if (before.has(name) && !name.startsWith(".publish/")) touched[call.startsWith("open") ? "opened" : "seen"].add(name);
    }
    return { kind: data.kind, opened: [...touched.opened].sort(), seen: [...touched.seen].filter((path) => !METADATA.test(path)) };
  }

  await lab.release("1");
  await publish();
  const few = await publish();
  expect([few.kind, few.opened]).toEqual(["unchanged", expect.arrayContaining(["current.json", "root/1.json"])]);
  expect(
    few.opened.every((path) => METADATA.test(path)),
    few.opened.join(),
  ).toBe(true);
  for (const version of ["2", "3", "4"]) {
    await lab.release(version);
    await publish("--deltas", "1");
  }
  for (const more of [[], ["--keep", "9"]]) {
    const many = await publish(...more);
    expect([many.kind, many.opened.length], more.join()).toEqual(["unchanged", few.opened.length]);
    expect(
      many.opened.every((path) => METADATA.test(path)),
      many.opened.join(),
    ).toBe(true);
    expect(many.seen.length).toBeLessThanOrEqual(few.seen.length); // the files of the two images that are named
  }

  // A new version: one layer below it, which the delta is from, however many versions there are.
  await lab.release("5");
  const added = await publish("--deltas", "1");
  expect(added.kind).toBe("published");
  expect(added.opened.filter((path) => !METADATA.test(path) && path.startsWith("encoded/"))).toHaveLength(1);
  expect(added.opened.filter((path) => !METADATA.test(path)).length).toBeLessThanOrEqual(3);
  // A channel: nothing of the images at all.
  expect((await publish("--promote", "small:5=testing")).opened.filter((path) => !METADATA.test(path))).toEqual([]);
});
