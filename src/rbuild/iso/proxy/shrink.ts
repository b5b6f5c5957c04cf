import type Docker from "dockerode";
import { RbuildError } from "../../../system/index.ts";
import { execInContainer } from "../../container-host/exec.ts";

/** Where apt-cacher-ng keeps packages in its container. */
export const CACHE_DIRECTORY = "/var/cache/apt-cacher-ng";
/** Bytes that a cache is shrunk to: a few releases of a live system. */
export const MAX_CACHE_BYTES = 5 * 2 ** 30;

/** Removes what was not used for longest until the rest is under `$1` bytes; a file's header goes with it. Prints the bytes removed. */
const SCRIPT = `cd ${CACHE_DIRECTORY} || exit 0
find . -type f ! -name '*.head' ! -path './_*' -printf '%s %A@ %p\\n' | sort -k 2,2nr | {
  limit=$1 total=0 removed=0
  while read -r size _ path; do
    total=$((total + size))
    [ "$total" -le "$limit" ] && continue
    rm -f -- "$path" "$path.head" && removed=$((removed + size))
  done
  echo "$removed"
}`;

/** Shrinks the cache of a running proxy. @returns bytes removed */
export async function shrinkCache(container: Docker.Container, limit: number): Promise<number> {
  const { exitCode, output } = await execInContainer(container, ["/bin/sh", "-c", SCRIPT, "shrink", String(limit)]);
  if (exitCode === 0 && /^\d+\s*$/.test(output)) return Number(output);
  throw new RbuildError("proxy.not-shrunk", `the package proxy's cache could not be shrunk: ${output.trim().slice(-500)}`, {
    hint: "rbuild iso --proxy none goes without it",
    details: { exitCode },
  });
}
