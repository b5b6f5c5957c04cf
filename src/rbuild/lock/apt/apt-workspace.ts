import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { canonicalJson, digestHex, digestOf } from "../../../oci/index.ts";
import { lock, RbuildError, type RunResult, run, systemClock } from "../../../system/index.ts";
import { readAptSettings } from "../../mirror/apt-proxy.ts";
import type { ArchiveSource } from "../archive/archive-source.ts";
import type { DebianArchitecture } from "../image-lock.ts";
import { aptConfig, aptSources } from "./apt-config.ts";
import { refuseFullDisk } from "./apt-words.ts";
import { emptyOldWorkspaces } from "./old-workspaces.ts";

/** A place where the host's APT works as if nothing else were on the host. Nobody else uses it until it is disposed. */
export interface AptWorkspace extends AsyncDisposable {
  readonly directory: string;
  readonly architecture: DebianArchitecture;
  readonly sources: readonly ArchiveSource[];
  /** Runs `apt-get` or another program of APT's. Exit code 100, with which APT says no, is for the caller to see. @throws RbuildError `lock.no-space` */
  run(program: string, args: readonly string[]): Promise<RunResult>;
  /** Has APT fetch every index anew. */
  forgetIndexes(): Promise<void>;
  /** What APT takes as installed: stanzas of dpkg's status file. */
  writeStatus(text: string): Promise<void>;
  /** apt_preferences(5). */
  writePreferences(text: string): Promise<void>;
}

const MAX_OUTPUT = 64 * 2 ** 20;

/**
 * Opens the workspace of these sources below a state directory. Its indexes stay, so that the next update fetches only what changed.
 * @throws RbuildError `lock.state-path`, or the signal's reason
 */
export async function openAptWorkspace(
  stateDirectory: string,
  architecture: DebianArchitecture,
  sources: readonly ArchiveSource[],
  options: { readonly signal?: AbortSignal },
): Promise<AptWorkspace> {
  const identity = sources.map(({ archive, suite, components, mirror, keyring }) => ({
    archive,
    suite,
    components,
    url: mirror.url,
    keyring: digestOf(keyring),
  }));
  const key = digestHex(digestOf(canonicalJson({ architecture, sources: identity }))).slice(0, 16);
  const directory = join(stateDirectory, "apt", key);
  if (/[\s"'[\]\\]/.test(directory)) {
    throw new RbuildError("lock.state-path", `APT cannot work in ${JSON.stringify(directory)}: the path has a blank, quote or bracket`, {
      category: "invalid",
      hint: "--engine-root with another path, or rbuild config set engine-root",
    });
  }
  const held = await lock(join(directory, "lock"), options);
  try {
    // URLs of mirrors and proxies may have passwords.
    await mkdir(join(directory, "etc"), { recursive: true, mode: 0o700 });
    for (const name of ["etc/none.d", "state/lists/partial", "cache/archives/partial", "log"]) await mkdir(join(directory, name), { recursive: true });
    const keyringPath = (index: number): string => join(directory, "etc", `keyring-${index}.${isArmored(sources[index]?.keyring) ? "asc" : "gpg"}`);
    for (const [index, { keyring }] of sources.entries()) await writeFile(keyringPath(index), keyring);
    await writeFile(join(directory, "etc/sources.list"), aptSources(sources, architecture, keyringPath));
    await writeFile(join(directory, "etc/apt.conf"), aptConfig(directory, architecture, sources, await readAptSettings(options)));
    await writeFile(join(directory, "etc/preferences"), "");
    await writeFile(join(directory, "state/status"), "");
    await emptyOldWorkspaces(join(stateDirectory, "apt"), systemClock.now().getTime());
    const env = { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C", TZ: "UTC", APT_CONFIG: join(directory, "etc/apt.conf") };
    return {
      directory,
      architecture,
      sources,
      async run(program, args) {
        const result = await run(program, args, { ...options, env, okCodes: [0, 100], maxOutput: MAX_OUTPUT });
        refuseFullDisk(result, directory);
        return result;
      },
      async forgetIndexes() {
        await rm(join(directory, "state/lists"), { recursive: true, force: true });
        await mkdir(join(directory, "state/lists/partial"), { recursive: true });
      },
      writeStatus: (text) => writeFile(join(directory, "state/status"), text),
      writePreferences: (text) => writeFile(join(directory, "etc/preferences"), text),
      [Symbol.asyncDispose]: () => held[Symbol.asyncDispose](),
    };
  } catch (error) {
    await held[Symbol.asyncDispose]();
    throw error;
  }
}

const isArmored = (keyring: Buffer | undefined): boolean => keyring?.subarray(0, 4096).includes("-----BEGIN PGP") ?? false;
