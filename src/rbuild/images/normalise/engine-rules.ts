import type { NormalisationRule } from "./rule.ts";

/** Directory of everything that a build step puts into its container for its own use. */
export const STEP_DIRECTORY = ".rbuild";
/** Names of the APT configuration of build steps. */
export const STEP_APT_SOURCES = "etc/apt/sources.list.d/rbuild-build.list";
export const STEP_APT_CONFIG = "etc/apt/apt.conf.d/00rbuild-build";
/** Keeps packages from starting their daemons in a build step: Debian's invoke-rc.d(8). */
export const STEP_POLICY = "usr/sbin/policy-rc.d";

/** What container engines and rbuild's own steps leave in a root file system. */
export const ENGINE_RULES: readonly NormalisationRule[] = [
  {
    id: "engine-files",
    reason: "engines make these as places to mount over, each in its own way",
    action: { kind: "remove", patterns: [".dockerenv", ".dockerinit", "etc/hostname", "etc/hosts", "etc/resolv.conf", "etc/mtab"] },
  },
  {
    id: "kernel-directories",
    reason: "engines mount over them and leave entries in them",
    action: { kind: "remove", patterns: ["dev/**", "proc/**", "sys/**"] },
  },
  {
    id: "build-steps",
    reason: "they are for the build alone: packages, their archive and its key, and what keeps daemons from starting",
    action: { kind: "remove", patterns: [STEP_DIRECTORY, STEP_APT_SOURCES, STEP_APT_CONFIG, STEP_POLICY] },
  },
];

/** Directories that every image has, whatever an engine made of them. */
export const DIRECTORY_RULES: readonly NormalisationRule[] = (
  [
    ["dev", 0o755],
    ["proc", 0o755],
    ["sys", 0o755],
    ["run", 0o755],
    ["run/lock", 0o1777],
    ["tmp", 0o1777],
    ["var/tmp", 0o1777],
    ["etc", 0o755],
  ] as const
).map(([path, mode]) => ({
  id: `directory-${path.replace("/", "-")}`,
  reason: "engines write or mount there and change its times",
  action: { kind: "directory", path, mode },
}));
