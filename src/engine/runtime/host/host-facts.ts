import { readFileSync } from "node:fs";
import { release } from "node:os";
import { type CapabilityName, capabilitiesOfStatus } from "../../../oci/index.ts";
import { type CgroupSupport, detectCgroups } from "./cgroups.ts";

export interface ResourceLimit {
  readonly soft: number;
  /** `Infinity` for none. */
  readonly hard: number;
}

/** What this host lets the engine give to containers. Does not change while the process runs. */
export interface HostFacts {
  readonly cgroups: CgroupSupport;
  /** What a container can be given at most: the bounding set cut to what this process has. */
  readonly capabilities: ReadonlySet<CapabilityName>;
  /** By name as in getrlimit(2) without `RLIMIT_`, lower case: `nofile`. */
  readonly limits: ReadonlyMap<string, ResourceLimit>;
  /** Major and minor of the kernel's version. */
  readonly kernel: readonly [number, number];
  /** Of uname(2), as seccomp names it: `amd64`, `arm64`. */
  readonly architecture: "amd64" | "arm64";
}

export function readHostFacts(): HostFacts {
  const status = readFileSync("/proc/self/status", "latin1");
  const permitted = new Set(capabilitiesOfStatus(status, "CapPrm"));
  const [major, minor] = release()
    .split(".")
    .map((part) => Number.parseInt(part, 10));
  return {
    cgroups: detectCgroups(),
    capabilities: new Set(capabilitiesOfStatus(status, "CapBnd").filter((name) => permitted.has(name))),
    limits: parseLimits(readFileSync("/proc/self/limits", "latin1")),
    kernel: [major ?? 0, minor ?? 0],
    architecture: process.arch === "arm64" ? "arm64" : "amd64",
  };
}

/** The rows of /proc/pid/limits and the names that setrlimit(2) has for them. */
const LIMIT_ROWS: Readonly<Record<string, string>> = {
  "Max cpu time": "cpu",
  "Max file size": "fsize",
  "Max data size": "data",
  "Max stack size": "stack",
  "Max core file size": "core",
  "Max resident set": "rss",
  "Max processes": "nproc",
  "Max open files": "nofile",
  "Max locked memory": "memlock",
  "Max address space": "as",
  "Max file locks": "locks",
  "Max pending signals": "sigpending",
  "Max msgqueue size": "msgqueue",
  "Max nice priority": "nice",
  "Max realtime priority": "rtprio",
  "Max realtime timeout": "rttime",
};

export function parseLimits(text: string): Map<string, ResourceLimit> {
  const number = (word: string) => (word === "unlimited" ? Number.POSITIVE_INFINITY : Number(word));
  return new Map(
    text.split("\n").flatMap((line) => {
      const match = /^(Max [a-z ]+?) {2,}(\d+|unlimited) +(\d+|unlimited)/.exec(line);
      const name = match?.[1] === undefined ? undefined : LIMIT_ROWS[match[1]];
      return match?.[2] === undefined || match[3] === undefined || name === undefined ? [] : [[name, { soft: number(match[2]), hard: number(match[3]) }]];
    }),
  );
}
