import { spawn } from "node:child_process";
import { open, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { encryptKey } from "openpgp";
import { describe, expect, onTestFinished, test } from "vitest";
import { type CommandOptions, jsonLines, RBUILD, rbuild } from "../../support/rbuild-command.ts";
import { scratchDirectory } from "../../support/scratch.ts";
import { gnupgHome } from "../../support/trust/gnupg-home.ts";
import { testKey } from "../../support/trust/test-keys.ts";

const YESTERDAY = () => new Date(Date.now() - 86_400_000);

/** The last line of `--json`, which must have come with that exit code. */
async function keys(args: readonly string[], exitCode: number, options: CommandOptions): Promise<{ readonly data: any; readonly code: unknown }> {
  const done = await rbuild(["keys", ...args, "--json"], options);
  expect([done.exitCode, done.stderr], done.stdout).toEqual([exitCode, ""]);
  return jsonLines(done.stdout).at(-1) as never;
}

describe("rbuild keys", () => {
  test("from no key at all to a second root: GnuPG for one signer, a locked file for the other", async () => {
    const home = await gnupgHome();
    const cwd = await scratchDirectory();
    const options = { cwd, env: home.environment };
    const ann = await home.makeKey("ann", "ed25519", { expire: "40d" });
    const ben = await testKey("ben", { date: YESTERDAY() });
    await writeFile(join(cwd, "ann.asc"), await home.gpg("--armor", "--export", ann));
    await writeFile(join(cwd, "ben.asc"), ben.armored);
    await writeFile(join(cwd, "ben.secret"), (await encryptKey({ privateKey: ben.privateKey, passphrase: "open sesame" })).armor());

    expect((await keys(["list"], 0, options)).data).toMatchObject({ root: null, proposal: null });
    expect((await keys(["import", "ann.asc", "ben.asc"], 0, options)).data).toMatchObject([{ change: "added" }, { change: "added" }]);
    const roles = ["--role", `root=2:${ann},${ben.fingerprint}`, "--role", `publisher=${ann}`, "--role", `freshness=${ben.fingerprint}`];
    expect((await keys(["rotate", "--repository", "images", ...roles, "--sign-with", `gpg:${ann}`], 0, options)).data).toMatchObject({
      root: 1,
      isComplete: false,
    });
    expect((await keys(["list"], 0, options)).data).toMatchObject({
      root: null,
      proposal: { version: 1, changes: { roles: [{ role: "root", to: { threshold: 2, keys: 2 } }, { role: "publisher" }, { role: "freshness" }] } },
    });
    expect((await keys(["sign", "--sign-with", "file:ben.secret"], 7, options)).code).toBe("keys.no-passphrase");
    expect(await signWithPassphrase(cwd, "wrong")).toMatchObject({ exitCode: 2, code: "keys.wrong-passphrase" });
    expect(await signWithPassphrase(cwd, "open sesame")).toMatchObject({ exitCode: 0, data: { root: 1, isComplete: true } });

    // other programs agree
    const [file, signature] = [join(cwd, "keys/root/1.json"), join(cwd, "keys/root/1.json.asc")];
    const ring = join(cwd, "ring.asc");
    await writeFile(ring, (await Promise.all([ann, ben.fingerprint].map((name) => readFile(join(cwd, "keys", `${name}.asc`), "utf8")))).join(""));
    expect((await home.run("sqv", ["-n", "2", "--keyring", ring, signature, file])).stdout.trim().split("\n").toSorted()).toEqual(
      [ann, ben.fingerprint].toSorted(),
    );

    expect((await keys(["check"], 1, options)).data.entries).toContainEqual(expect.objectContaining({ level: "notice", daysLeft: 39 }));
    await keys(["check", "--within", "30"], 0, options);
    expect((await keys(["drill", ann], 1, options)).data).toMatchObject({ canRecover: false });
    expect((await keys(["show", ann], 0, options)).data).toMatchObject({ roles: ["root", "publisher"], keys: [{ algorithm: "Ed25519", canSign: true }] });
    const text = await rbuild(["keys", "list"], options);
    expect(text.stdout).toContain(`ends soon    ${ann}  ann <ann@example.org>`);

    // a key is lost; the other root key is not enough without it
    expect((await keys(["revoke", ann, "--reason", "lost"], 2, options)).code).toBe("keys.incomplete");
    expect((await keys(["revoke", ann, "--certificate", "none.rev"], 2, options)).code).toBe("keys.unreadable");
    const cleo = await home.makeKey("cleo", "ed25519");
    await writeFile(join(cwd, "cleo.asc"), await home.gpg("--armor", "--export", cleo));
    await keys(["import", "cleo.asc"], 0, options);
    await keys(["rotate", "--role", `publisher=2:${ann},${cleo}`, "--floor-index", "7"], 0, options);
    const waiting = (await rbuild(["keys", "list"], options)).stdout;
    for (const line of [
      "  publisher: 2 of 2, was 1 of 1",
      `    gets it   ${cleo} (cleo <cleo@example.org>)`,
      "  no index below 7 is accepted any more (was 1)",
    ])
      expect(waiting).toContain(line);
    expect(waiting).toContain(`    missing  ${ann} (ann <ann@example.org>)`);
    await keys(["rotate", "--abandon"], 0, options);
    const successors = ["--role", `root=1:${ben.fingerprint}`, "--role", `publisher=${cleo}`];
    expect((await keys(["revoke", ann, "--reason", "lost", ...successors, "--sign-with", `gpg:${ann}`], 0, options)).data).toMatchObject({ isComplete: false });
    expect(await signWithPassphrase(cwd, "open sesame")).toMatchObject({ exitCode: 0, data: { root: 2, isComplete: true } });
    expect((await keys(["list"], 0, options)).data).toMatchObject({ root: 2, revoked: [{ fingerprint: ann, reason: "lost" }] });
  });

  test("says what is wrong with what it is given", async () => {
    const options = { cwd: await scratchDirectory() };
    await writeFile(join(options.cwd, "no-key"), "no key");
    expect((await keys(["import", "no-key"], 5, options)).code).toBe("trust.malformed-certificate");
    expect((await keys(["import", "none"], 2, options)).code).toBe("keys.unreadable");
    expect((await keys(["rotate", "--role", "captain=AA"], 2, options)).code).toBe("cli.invalid-value");
    expect((await keys(["rotate", "--role", "root=AA"], 2, options)).code).toBe("cli.invalid-value");
    expect((await keys(["sign", "--sign-with", "gpg:"], 2, options)).code).toBe("cli.invalid-value");
    expect((await keys(["sign", "--sign-with", "paper"], 2, options)).code).toBe("keys.unreadable");
    expect((await keys(["show", "A".repeat(40)], 2, options)).code).toBe("keys.unknown-key");
    // A CI job that looks into the wrong directory must not be told that all is well.
    expect((await keys(["check"], 5, options)).data).toMatchObject({ root: null, entries: [], isBroken: true });
    expect((await keys(["check", "--keys", "none"], 5, options)).data).toMatchObject({ root: null });
  });
});

/** `--passphrase-fd 3`, as a script would do it. */
async function signWithPassphrase(
  cwd: string,
  passphrase: string,
  files: readonly string[] = ["ben.secret"],
): Promise<{ readonly exitCode: number | null; readonly code?: unknown; readonly data?: unknown }> {
  const path = join(await scratchDirectory(), "passphrase");
  await writeFile(path, `${passphrase}\n`, { mode: 0o600 });
  await using handle = await open(path);
  const child = spawn(RBUILD, ["keys", "sign", ...files.flatMap((file) => ["--sign-with", `file:${file}`]), "--passphrase-fd", "3", "--json"], {
    cwd,
    stdio: ["ignore", "pipe", "ignore", handle.fd],
  });
  let stdout = "";
  child.stdout!.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  const exitCode = await new Promise<number | null>((resolve) => void child.on("close", resolve));
  return { exitCode, ...jsonLines(stdout).at(-1) };
}

test("several locked key files take a line each of what the file descriptor has, or one line for all", async () => {
  const cwd = await scratchDirectory();
  const people = await Promise.all(["ben", "cleo"].map(async (name) => ({ name, key: await testKey(name, { date: YESTERDAY() }) })));
  for (const { name, key } of people) await writeFile(join(cwd, `${name}.asc`), key.armored);
  await keys(["import", "ben.asc", "cleo.asc"], 0, { cwd });
  const fingerprints = people.map(({ key }) => key.fingerprint).join(",");
  const roles = ["root=2:", "publisher=", "freshness="].flatMap((role) => ["--role", `${role}${fingerprints}`]);
  for (const [lines, exitCode, ...passphrases] of [
    ["one\ntwo", 0, "one", "two"],
    ["same", 0, "same", "same"],
    ["two\none", 2, "one", "two"],
  ] as const) {
    for (const [index, { name, key }] of people.entries()) {
      const privateKey = await encryptKey({ privateKey: key.privateKey, passphrase: passphrases[index]! });
      await writeFile(join(cwd, `${name}.secret`), privateKey.armor());
    }
    await keys(["rotate", "--repository", "images", ...roles], 0, { cwd });
    expect(await signWithPassphrase(cwd, lines, ["ben.secret", "cleo.secret"]), lines).toMatchObject({ exitCode });
  }
});

test("asks for a passphrase on the terminal, unseen, and takes back what is erased", async () => {
  const cwd = await scratchDirectory();
  const ben = await testKey("ben", { date: YESTERDAY() });
  await writeFile(join(cwd, "ben.asc"), ben.armored);
  await writeFile(join(cwd, "ben.secret"), (await encryptKey({ privateKey: ben.privateKey, passphrase: "open sesame" })).armor());
  await keys(["import", "ben.asc"], 0, { cwd });
  const roles = ["root", "publisher", "freshness"].flatMap((role) => ["--role", `${role}=${ben.fingerprint}`]);
  await keys(["rotate", "--repository", "images", ...roles], 0, { cwd });
  const env = { PATH: process.env["PATH"] ?? "", HOME: "/root", TERM: "dumb", RBUILD_CONFIG_HOME: "/nonexistent" };
  const child = spawn("script", ["--quiet", "--return", "--command", `${RBUILD} keys sign --sign-with file:ben.secret`, "/dev/null"], {
    cwd,
    env,
    stdio: ["pipe", "pipe", "ignore"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let shown = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    const wasAsked = shown.includes("Passphrase of ben.secret: ");
    shown += text;
    if (!wasAsked && shown.includes("Passphrase of ben.secret: ")) child.stdin.write("opem\u007fn sesame\r");
  });
  expect(await new Promise((resolve) => void child.on("close", resolve))).toBe(0);
  expect(shown).toContain("root 1 is signed by enough");
  expect(shown).not.toContain("sesame");
  expect(shown).not.toContain("sesame");
});
