import { readFile } from "node:fs/promises";
import type { Bootstrap } from "../../definition/schema.ts";
import type { Mirror } from "../../mirror/find-mirror.ts";
import { STEP_DIRECTORY } from "../normalise/engine-rules.ts";
import type { StepFile } from "./step-container.ts";
import { ARCHIVE_MOVED_MARK } from "./step-failure.ts";

/** Debian's archive keys, where the package debian-archive-keyring has them. */
export const ARCHIVE_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";
const CA_FILE = `/${STEP_DIRECTORY}/ca-certificates.crt`;
const HOST_CA_FILE = "/etc/ssl/certs/ca-certificates.crt";

/** The one source of packages, its signature checked against Debian's archive keys. */
export function aptSourceLine({ suite, components }: Bootstrap, mirror: Mirror, keyring: string = ARCHIVE_KEYRING): string {
  return `deb [signed-by=${keyring}] ${mirror.url} ${suite} ${components.join(" ")}`;
}

/** APT settings of a build step that are no part of the image. */
export function aptSettings(mirror: Mirror): string[] {
  const scheme = new URL(mirror.url).protocol.slice(0, -1);
  return [
    'Acquire::Languages "none";',
    'Acquire::Retries "3";',
    'APT::Install-Recommends "false";',
    'APT::Get::Assume-Yes "true";',
    'DPkg::Use-Pty "false";',
    ...(mirror.proxy === undefined ? [] : [`Acquire::${scheme}::Proxy "${mirror.proxy.replaceAll('"', "%22")}";`]),
    ...(scheme === "https" ? [`Acquire::https::CAInfo "${CA_FILE}";`] : []),
  ];
}

/** What an https mirror needs in a container that has no certificate authorities: the host's. */
export async function certificateFiles(mirror: Mirror): Promise<StepFile[]> {
  return mirror.url.startsWith("https:") ? [{ path: CA_FILE, content: await readFile(HOST_CA_FILE) }] : [];
}

/**
 * A /bin/sh program that compares the InRelease that APT has fetched and verified below the root `$1` with the one the definition
 * was written for, and fails with a line that `explainStepFailure` understands.
 */
export function archiveCheck({ archive }: Bootstrap): string {
  return `#!/bin/sh
set -eu
found=
for file in "$1"/var/lib/apt/lists/*_InRelease; do
	[ -f "$file" ] && found=sha256:$(sha256sum <"$file" | cut -d ' ' -f 1)
done
[ "$found" != ${archive.inRelease} ] || exit 0
field() { [ ! -f "$file" ] || sed -n "s/^$1: //p" "$file" | head -n 1 | tr ' ' _; }
echo "${ARCHIVE_MOVED_MARK} expected=${archive.inRelease} found=$found version=$(field Version) date=$(field Date)"
exit 1
`;
}
