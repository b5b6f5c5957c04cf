import { createReadStream } from "node:fs";
import { join } from "node:path";
import { withStep } from "../../../make-runner/index.ts";
import { digestHex, digestOf } from "../../../oci/index.ts";
import { pathExists, RbuildError, run } from "../../../system/index.ts";
import type { Bootstrap } from "../../definition/schema.ts";
import type { Mirror } from "../../mirror/find-mirror.ts";
import { importRootfs } from "../assemble/import-rootfs.ts";
import type { BuildWorkspace } from "../build-workspace.ts";
import { aptSettings, aptSourceLine, archiveCheck } from "../steps/apt-setup.ts";
import { explainStepFailure } from "../steps/step-failure.ts";

/** What the tool image needs to make the real one. */
const TOOLS = ["mmdebstrap", "debian-archive-keyring"];
/** Name of tool images. They are used here only, never published, and made again when they are gone. */
const REPOSITORY = "rbuild/bootstrap";
const KEYRINGS = ["/usr/share/keyrings/debian-archive-keyring.gpg", "/usr/share/keyrings/debian-archive-keyring.pgp"];

/**
 * The image of the suite's own tools, made by the host's mmdebstrap when it is not there. Its bytes may differ from host to host;
 * the programs in it do not, and they alone make the base image.
 * @returns its reference
 */
export async function ensureToolImage(bootstrap: Bootstrap, mirror: Mirror, workspace: BuildWorkspace): Promise<string> {
  const { host, report, parentStep, signal } = workspace;
  const key = digestOf(`${bootstrap.suite} ${bootstrap.archive.inRelease} ${TOOLS.join(" ")}`);
  const tag = `${bootstrap.suite}-${digestHex(key).slice(0, 12)}`;
  const reference = `${REPOSITORY}:${tag}`;
  if (await imageExists(workspace, reference)) return reference;
  await withStep(report, { name: "image.bootstrap", subject: reference, ...(parentStep === undefined ? {} : { parent: parentStep }) }, async () => {
    const path = join(workspace.directory, "bootstrap.tar");
    await runHostMmdebstrap(bootstrap, mirror, path, workspace.directory, signal);
    await importRootfs(host, createReadStream(path), { repository: REPOSITORY, tag });
  });
  return reference;
}

async function imageExists({ host }: BuildWorkspace, reference: string): Promise<boolean> {
  try {
    await host.getImage(reference).inspect();
    return true;
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) return false;
    throw error;
  }
}

/**
 * As root, mmdebstrap mounts directories of the host below its own: in namespaces of its own they cannot stay behind, and neither can a
 * process, even when this one is killed.
 */
const AS_ROOT = `umask 022
if unshare --mount true 2>/dev/null; then
	exec setpriv --pdeathsig KILL unshare --mount --propagation private --pid --fork --kill-child --mount-proc mmdebstrap "$@"
fi
exec setpriv --pdeathsig TERM mmdebstrap "$@"`;
const AS_USER = 'umask 022; exec setpriv --pdeathsig TERM mmdebstrap "$@"';

/** mmdebstrap(1) with an APT configuration of its own: the host's settings, sources and preferences have no part in it. */
async function runHostMmdebstrap(bootstrap: Bootstrap, mirror: Mirror, output: string, directory: string, signal: AbortSignal | undefined): Promise<void> {
  const keyring = await findKeyring();
  const isRoot = process.getuid?.() === 0;
  const settings = aptSettings(mirror).filter((line) => !line.includes("CAInfo"));
  const args = [
    `--mode=${isRoot ? "root" : "unshare"}`,
    "--variant=apt",
    "--format=tar",
    `--include=${TOOLS.join(",")}`,
    ...settings.map((line) => `--aptopt=${line}`),
    `--extract-hook=${archiveCheck(bootstrap)}`,
    bootstrap.suite,
    output,
    aptSourceLine(bootstrap, mirror, keyring),
  ];
  const env = {
    PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    HOME: "/root",
    LC_ALL: "C.UTF-8",
    TZ: "UTC",
    TMPDIR: directory,
  };
  const command = ["-c", isRoot ? AS_ROOT : AS_USER, "mmdebstrap", ...args];
  const result = await run("sh", command, { env, okCodes: Array.from({ length: 256 }, (_, code) => code), ...(signal === undefined ? {} : { signal }) });
  if (result.exitCode === 0) return;
  const purpose = `make the bootstrap tools of ${bootstrap.suite}`;
  if (result.exitCode === 127) {
    throw new RbuildError("tool.missing", `could not ${purpose}: the program mmdebstrap is not installed or not in PATH`, {
      category: "unavailable",
      hint: "apt-get install mmdebstrap",
      details: { command: "mmdebstrap" },
    });
  }
  throw explainStepFailure(purpose, result.exitCode, `${result.stdout}\n${result.stderr}`.trim().split("\n"));
}

async function findKeyring(): Promise<string> {
  for (const path of KEYRINGS) if (await pathExists(path)) return path;
  throw new RbuildError("image.no-archive-keyring", "this host has no copy of Debian's archive keys, so no archive signature can be checked", {
    category: "unavailable",
    hint: "apt-get install debian-archive-keyring",
    details: { looked: KEYRINGS },
  });
}
