import { chmod, mkdtemp, rm } from "node:fs/promises";
import { onTestFinished } from "vitest";
import { type RunOptions, run, toolEnvironment } from "../../../src/system/index.ts";

/** A GnuPG home of its own. Its agent ends with the test. */
export interface GnupgHome {
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  gpg(...args: readonly string[]): Promise<string>;
  /** Makes a key without passphrase. Returns its fingerprint. */
  makeKey(name: string, algorithm: string, options?: { readonly expire?: string; readonly more?: readonly string[] }): Promise<string>;
  run(
    program: string,
    args: readonly string[],
    options?: Pick<RunOptions, "okCodes" | "input">,
  ): Promise<{ readonly exitCode: number; readonly stdout: string; readonly stderr: string }>;
}

export async function gnupgHome(): Promise<GnupgHome> {
  const home = await openGnupgHome();
  onTestFinished(() => home[Symbol.asyncDispose]());
  return home;
}

/** The same for several tests: dispose of it. */
export async function openGnupgHome(): Promise<GnupgHome & AsyncDisposable> {
  const directory = await mkdtemp("/var/tmp/rbuild-gnupg-");
  await chmod(directory, 0o700);
  const environment = { ...toolEnvironment(), GNUPGHOME: directory };
  const gpg = async (...args: readonly string[]) =>
    (await run("gpg", ["--batch", "--quiet", "--no-tty", "--pinentry-mode", "loopback", "--passphrase", "", ...args], { env: environment })).stdout;
  return {
    directory,
    environment,
    gpg,
    async makeKey(name, algorithm, { expire = "2y", more = [] } = {}) {
      const before = await fingerprints();
      await gpg(...more, "--quick-generate-key", `${name} <${name}@example.org>`, algorithm, "sign,cert", expire);
      return (await fingerprints()).find((fingerprint) => !before.includes(fingerprint))!;
    },
    run: (program, args, options = {}) => run(program, args, { ...options, env: environment }),
    async [Symbol.asyncDispose]() {
      await run("gpgconf", ["--kill", "all"], { env: environment });
      await rm(directory, { recursive: true, force: true });
    },
  };

  /** Of the primary keys. */
  async function fingerprints(): Promise<string[]> {
    const lines = (await run("gpg", ["--batch", "--with-colons", "--list-secret-keys"], { env: environment })).stdout
      .split("\n")
      .map((line) => line.split(":"));
    return lines.flatMap(([kind], index) => (kind === "sec" ? [lines.slice(index).find(([next]) => next === "fpr")![9]!] : []));
  }
}
