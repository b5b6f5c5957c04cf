import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { encryptKey } from "openpgp";
import { expect, onTestFinished, test } from "vitest";
import { openDirectorySource, openTrustStore, readCheckout, updateTrust } from "../../../../../src/rbuild/trust/index.ts";
import { systemClock } from "../../../../../src/system/index.ts";
import { restoreState, statesOf } from "../../../../support/faults/each-state.ts";
import { jsonLines, RBUILD, rbuild } from "../../../../support/rbuild-command.ts";
import { killWhen } from "../../../../support/repository/kill-when.ts";
import { listFiles, openPublishLab } from "../../../../support/repository/publish-lab.ts";
import { scratchDirectory } from "../../../../support/scratch.ts";
import { gnupgHome } from "../../../../support/trust/gnupg-home.ts";
import { testKey } from "../../../../support/trust/test-keys.ts";

const isFull = process.env["RBUILD_TEST_FULL"] === "1";
const PASSPHRASE = "open sesame";

/** Ann has her key in GnuPG, Ben his in a locked file, Cleo hers nowhere near; two of them publish. A daemon has the images. */
async function openCompany() {
  const lab = await openPublishLab();
  onTestFinished(() => lab[Symbol.asyncDispose]());
  await lab.release("1");
  const home = await gnupgHome();
  const yesterday = new Date(Date.now() - 86_400_000);
  const [ben, cleo, cron] = await Promise.all([
    testKey("ben", { date: yesterday }),
    testKey("cleo", { date: yesterday }),
    testKey("cron", { date: yesterday }),
  ]);
  const ann = await home.makeKey("ann", "ed25519");
  const { directory } = lab;
  const file = (name: string) => join(directory, name);
  await writeFile(file("ann.asc"), await home.gpg("--armor", "--export", ann));
  for (const [name, key] of Object.entries({ ben, cleo, cron })) await writeFile(file(`${name}.asc`), key.armored);
  await writeFile(file("ben.key"), (await encryptKey({ privateKey: ben.privateKey, passphrase: PASSPHRASE })).armor());
  await writeFile(file("cron.key"), cron.privateKey.armor());
  await writeFile(file("passphrase"), `${PASSPHRASE}\n`);
  const keys = file("company-keys");
  const { socketPath } = lab.images.docker.modem as unknown as { readonly socketPath: string };
  const env = { ...home.environment, DOCKER_HOST: `unix://${socketPath}` };
  const asked = (machine: string, args: readonly string[]) => [...args, "--keys", keys, "--engine-root", file(machine)];

  /** On one's own machine. */
  async function run(machine: string, args: readonly string[], exitCode = 0) {
    const done = await rbuild([...asked(machine, args), "--json"], { cwd: lab.images.directory, env });
    const last = jsonLines(done.stdout).at(-1) ?? {};
    expect(done.exitCode, JSON.stringify(last)).toBe(exitCode);
    return last as { readonly code?: string; readonly data?: any };
  }
  const locked = async (args: readonly string[]) => {
    const script = `exec "$@" 3< ${file("passphrase")}`;
    const prefix = ["bash", "-c", script, "bash"];
    const options = ["--signer", `file:${file("ben.key")}`, "--passphrase-fd", "3"];
    return rbuild([...asked("ben", [...args, ...options]), "--json"], { cwd: lab.images.directory, env, prefix });
  };
  await run("ann", ["keys", "import", ...["ann", "ben", "cleo", "cron"].map((name) => file(`${name}.asc`))]);
  const publishers = [ann, ben.fingerprint, cleo.fingerprint].join(",");
  const roles = [`root=${ann}`, `publisher=2:${publishers}`, `freshness=${cron.fingerprint}`].flatMap((role) => ["--role", role]);
  await run("ann", ["keys", "rotate", "--repository", "images", ...roles, "--sign-with", `gpg:${ann}`]);
  const roots = async () => {
    const checkout = await readCheckout(keys, new Date());
    if (checkout.kind === "refused") throw new Error(checkout.message);
    return checkout.roots;
  };
  async function ask(): Promise<number | string> {
    await using store = await openTrustStore(await scratchDirectory(), (await roots())[0]!.digest);
    const verdict = await updateTrust({ checkout: await roots(), repository: openDirectorySource(lab.repository), store, clock: systemClock });
    return verdict.kind === "current" ? verdict.index.version : verdict.kind === "refused" ? verdict.code : verdict.kind;
  }
  return { lab, home, file, keys, run, locked, ask, asked, env, ann, ben, cron };
}

test("Ann prepares with GnuPG, Ben signs with a locked key file, and gpg and sqv agree with what is shown", async () => {
  const company = await openCompany();
  const { lab, file, run, locked, ask, ann, ben, home } = company;
  const [request, signatures] = [file("request.json"), file("from-ben.json")];
  const prepared = await run("ann", ["image", "publish", lab.repository, "ground", "small", "--prepare", request, "--signer", `gpg:${ann}`]);
  expect(prepared.data).toMatchObject({ kind: "prepared", progress: [{ part: "index", signed: [ann], isEnough: false }, { part: "freshness" }] });
  expect((await run("ann", ["image", "publish", lab.repository, "--finish"], 2)).code).toBe("repository.too-few-signatures");

  const looked = await rbuild([...company.asked("ben", ["image", "sign", request])], { cwd: lab.images.directory, env: company.env });
  expect(looked).toMatchObject({ exitCode: 0, stderr: expect.stringContaining("nothing is signed yet") });
  expect(looked.stdout).toContain("it is the first publication");
  expect(looked.stdout).toMatch(/new {7}small 1 amd64 \(stable\)\n {10}sha256:[0-9a-f]{64} is what this checkout pins, with the same lock/);
  expect(looked.stdout).toContain("the index needs 2 of the publisher keys");
  expect(looked.stdout).toContain(`  ${ann} (ann <ann@example.org>)`);
  expect((await run("ben", ["image", "sign", request, "--signer", file("ben.key")], 7)).code).toBe("keys.no-passphrase");
  const signed = await locked(["image", "sign", request, "--output", signatures]);
  expect(jsonLines(signed.stdout).at(-1)).toMatchObject({ data: { signed: [{ part: "index", signers: [ben.fingerprint] }], output: signatures } });
  const finish = ["image", "publish", lab.repository, "--add-signature", signatures, "--finish", "--freshness-signer", file("cron.key")];
  expect((await run("ann", finish)).data).toMatchObject({ kind: "published", index: 1, images: [{ name: "ground" }, { name: "small" }] });
  expect(await ask()).toBe(1);

  const index = [...(await listFiles(lab.repository)).keys()].find((path) => /^index\/1\..*\.json$/.test(path))!;
  const ring = file("ring.asc");
  await writeFile(ring, (await Promise.all([ann, ben.fingerprint].map((name) => readFile(join(company.keys, `${name}.asc`), "utf8")))).join(""));
  const path = join(lab.repository, index);
  expect((await home.run("sqv", ["-n", "2", "--keyring", ring, `${path}.asc`, path])).stdout.trim().split("\n").toSorted()).toEqual(
    [ann, ben.fingerprint].toSorted(),
  );
  expect((await home.run("gpg", ["--verify", `${path}.asc`, path], { okCodes: [0, 2] })).stderr).toContain("Good signature");

  // the next one, compared with what a mirror shows; another machine's old copy is found out by it
  const mirror = file("mirror");
  await cp(lab.repository, mirror, { recursive: true, filter: (each) => !each.endsWith(".publish") });
  await run("ann", ["image", "publish", lab.repository, "--promote", "small:1=testing", "--prepare", request, "--signer", `gpg:${ann}`]);
  const shown = (await run("ben", ["image", "sign", request, "--from", mirror])).data;
  expect(shown).toMatchObject({
    comparedWith: { index: 1 },
    channels: [{ name: "small", channel: "testing", to: "1" }],
    images: [{ isNew: false }, { isNew: false }],
  });
  await run("ann", ["image", "publish", lab.repository, "--abandon"]);
  expect((await run("cleo", ["image", "publish", file("empty"), "ground", "--against", mirror], 3)).code).toBe("repository.old-copy");
});

test("killed while it prepares or finishes, clients find the old state or the new one, and what is done again completes it", async () => {
  const { lab, file, run, ask, asked, env, ann, ben } = await openCompany();
  const [request, signatures] = [file("request.json"), file("from-ben.json")];
  await writeFile(file("open.key"), ben.privateKey.armor());
  const prepare = ["image", "publish", lab.repository, "ground", "small", "--prepare", request, "--signer", `gpg:${ann}`];
  const finish = ["image", "publish", lab.repository, "--add-signature", signatures, "--finish", "--freshness-signer", file("cron.key")];
  const within = (path: string) => existsSync(join(lab.repository, path));
  const count = (path: string) => (within(path) ? readdirSync(join(lab.repository, path)).length : 0);
  const start = (args: readonly string[]) =>
    spawn(RBUILD, asked("ann", args), {
      cwd: lab.images.directory,
      env: { PATH: process.env["PATH"], HOME: "/root", RBUILD_CONFIG_HOME: "/nonexistent", ...env },
      stdio: "ignore",
      detached: true,
    });

  const whilePreparing = [() => within(".publish/new/encoded"), () => within(".publish/scratch/prepared"), () => within(".publish/prepared")];
  let index = 0;
  for (const isReached of some(whilePreparing)) {
    await rm(lab.repository, { recursive: true, force: true });
    await killWhen(start(prepare), isReached);
    expect(await ask()).toBe("trust.missing-file");
    const { data } = await run("ann", prepare);
    expect(data).toMatchObject({ kind: "prepared" });
    index = data.index;
    expect([...(await listFiles(lab.repository)).keys()].filter((path) => !path.startsWith(".publish/"))).toEqual([]);
  }
  await run("ben", ["image", "sign", request, "--signer", file("open.key"), "--output", signatures]);
  const prepared = file("prepared");
  await cp(lab.repository, prepared, { recursive: true });
  const whileFinishing = [
    () => within(".publish/new/encoded"),
    () => within(".publish/new/index"),
    () => within(".publish/new/current.json"),
    () => count("index") > 1,
    () => count("encoded/sha256") > 0,
    () => count("freshness") > 1,
    () => within("current.json"),
  ];
  for (const isReached of some(whileFinishing)) {
    await rm(lab.repository, { recursive: true });
    await rm(file("ann/state/published"), { recursive: true, force: true });
    await cp(prepared, lab.repository, { recursive: true });
    await killWhen(start(finish), isReached);
    const found = await ask();
    expect([index, "trust.missing-file"]).toContain(found);
    const again = await rbuild([...asked("ann", finish), "--json"], { cwd: lab.images.directory, env });
    const { code, data } = jsonLines(again.stdout).at(-1) as { readonly code?: string; readonly data?: { readonly kind: string } };
    expect(found === index ? ["unchanged", "repository.nothing-prepared"] : ["published"]).toContain(data?.kind ?? code);
    expect(await ask()).toBe(index);
    expect([...(await listFiles(lab.repository)).keys()].filter((path) => path.startsWith("."))).toEqual([".publish/lock"]);
  }
});

// The test above has some such moments.
test.each(isFull ? ["any"] : [])("what SIGKILL before %s call that changes a disk leaves, the same", { timeout: 3600_000 }, async () => {
  const { lab, file, run, ask, asked, env, ann, ben } = await openCompany();
  const [request, files] = [file("request.json"), [file("from-ann.json"), file("from-ben.json")] as const];
  await writeFile(file("open.key"), ben.privateKey.armor());
  const prepare = ["image", "publish", lab.repository, "ground", "small", "--prepare", request];
  const signatures = files.flatMap((each) => ["--add-signature", each]);
  const finish = ["image", "publish", lab.repository, "--finish", "--freshness-signer", file("cron.key"), ...signatures];
  const scratch = await scratchDirectory();
  const afterEachCall = async (args: readonly string[], look: (copy: string) => Promise<void>) => {
    const command = { command: [RBUILD, ...asked("ann", args)], cwd: lab.images.directory, env };
    const { calls, copies } = await statesOf(command, lab.directory, join(scratch, args.at(-1)!.replaceAll("/", "_")));
    console.info(`${calls} calls leave ${copies.length} states`);
    for (const copy of copies) {
      restoreState(copy, lab.directory);
      await look(copy);
    }
  };
  await afterEachCall(prepare, async (copy) => {
    expect(await ask(), copy).toBe("trust.missing-file");
    await run("ann", prepare);
  });
  for (const [output, signer] of [[files[0], `gpg:${ann}`] as const, [files[1], file("open.key")] as const])
    await run("ben", ["image", "sign", request, "--signer", signer, "--output", output]);
  const { index } = (await run("ann", ["image", "publish", lab.repository, "--add-signature", files[0]])).data;
  await afterEachCall(finish, async (copy) => {
    const found = await ask();
    expect([index, "trust.missing-file"], copy).toContain(found);
    const again = await rbuild([...asked("ann", finish), "--json"], { cwd: lab.images.directory, env });
    const { code, data } = jsonLines(again.stdout).at(-1) as { readonly code?: string; readonly data?: { readonly kind: string } };
    expect(found === index ? ["unchanged", "repository.nothing-prepared"] : ["published"], copy).toContain(data?.kind ?? code);
    expect(await ask()).toBe(index);
  });
});

/** Every other one in the quick run. */
const some = <T>(moments: readonly T[]): readonly T[] => moments.filter((_moment, index) => isFull || index % 2 === 1);
