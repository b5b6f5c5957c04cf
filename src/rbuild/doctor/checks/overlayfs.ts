import { access } from "node:fs/promises";
import { dirname } from "node:path";
import type { HostCheck } from "../check.ts";
import { probe } from "./probe.ts";
import { notTriedInChroot } from "./root-mount.ts";

/** Mounts an overlay in a mount namespace of its own, with a lower file to change and one to remove, on the file system of `$1`. */
const SCRIPT = `
scratch=$(mktemp -d "$1/rbuild-doctor-XXXXXX")
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' INT TERM
cd "$scratch"
mkdir lower upper work merged
echo old > lower/changed
echo old > lower/removed
unshare --mount sh -ec '
	mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work merged
	echo new > merged/changed
	rm merged/removed
'
[ "$(cat upper/changed)" = new ]
[ -c upper/removed ]
`;

export const checkOverlayfs: HostCheck = async ({ engineRoot, isRoot }) => {
  const base = { id: "kernel.overlayfs", needed: `overlayfs on the file system of ${engineRoot}`, why: "stacks the layers of images" };
  if (!isRoot) return [{ ...base, status: "warn", found: "not tried: only root may mount", fix: "sudo rbuild doctor" }];
  const notTried = await notTriedInChroot(base);
  if (notTried) return [notTried];
  const place = await nearestFolder(engineRoot);
  const result = await probe(SCRIPT, [place]);
  if (result.kind === "works") return [{ ...base, status: "ok", found: `mounts below ${place}` }];
  const fix = "modprobe overlay, or choose an --engine-root on ext4, xfs, btrfs or tmpfs";
  return [{ ...base, status: "fail", found: `${place}: ${result.reason}`, fix }];
};

/** The path itself, or the nearest folder above it that is there. */
export async function nearestFolder(path: string): Promise<string> {
  for (let folder = path; ; folder = dirname(folder)) {
    try {
      await access(folder);
      return folder;
    } catch {
      if (folder === dirname(folder)) return folder;
    }
  }
}
