import type { NormalisationRule } from "./rule.ts";

/** What packages, dpkg and APT leave that depends on the machine or the moment, or is a cache. */
export const DEBIAN_RULES: readonly NormalisationRule[] = [
  { id: "machine-id", reason: "names one machine; an empty file has it made at boot, machine-id(5)", action: { kind: "empty", paths: ["etc/machine-id"] } },
  { id: "dbus-machine-id", reason: "names one machine", action: { kind: "remove", patterns: ["var/lib/dbus/machine-id"] } },
  {
    id: "shadow-dates",
    reason: "day of the last password change is the day of the build",
    action: { kind: "rewrite", path: "etc/shadow", rewrite: shadowDates },
  },
  {
    id: "account-backups",
    reason: "copies from before the last change: what they say depends on the order of changes",
    action: { kind: "remove", patterns: ["etc/passwd-", "etc/group-", "etc/shadow-", "etc/gshadow-", "etc/subuid-", "etc/subgid-", "etc/.pwd.lock"] },
  },
  { id: "ldconfig-aux-cache", reason: "has inode numbers and times of libraries", action: { kind: "remove", patterns: ["var/cache/ldconfig/**"] } },
  {
    id: "apt-lists",
    reason: "index files named after the mirror",
    action: { kind: "remove", patterns: ["var/lib/apt/lists/**", "var/lib/apt/mirrors/**", "var/lib/apt/periodic/**"] },
  },
  { id: "apt-caches", reason: "downloaded packages and binary caches", action: { kind: "remove", patterns: ["var/cache/apt/**"] } },
  {
    id: "dpkg-leftovers",
    reason: "copies from before the last change, and locks",
    action: {
      kind: "remove",
      patterns: [
        "var/lib/dpkg/*-old",
        "var/lib/dpkg/lock",
        "var/lib/dpkg/lock-frontend",
        "var/lib/dpkg/triggers/Lock",
        "var/lib/dpkg/updates/**",
        "var/cache/debconf/*-old",
      ],
    },
  },
  { id: "backups", reason: "daily copies of package and account data", action: { kind: "remove", patterns: ["var/backups/**"] } },
  { id: "logs", reason: "lines have times", action: { kind: "remove-files", below: ["var/log"] } },
  {
    id: "volatile",
    reason: "must be empty when a system starts, Filesystem Hierarchy Standard 3.15 and 3.18",
    action: { kind: "remove", patterns: ["run/**", "tmp/**", "var/tmp/**"] },
  },
  {
    id: "python-bytecode",
    reason: "compiled when installed; the bytes depend on more than the source",
    action: { kind: "remove", patterns: ["**/__pycache__", "usr/lib/python3/**/*.pyc"] },
  },
  { id: "fontconfig-cache", reason: "has times of directories", action: { kind: "remove", patterns: ["var/cache/fontconfig/**"] } },
  { id: "man-db", reason: "a database whose layout depends on its making", action: { kind: "remove", patterns: ["var/cache/man/**"] } },
  { id: "info-directory-backup", reason: "a copy from before the last change", action: { kind: "remove", patterns: ["usr/share/info/dir.old"] } },
  { id: "ssh-host-keys", reason: "secrets of one machine", action: { kind: "remove", patterns: ["etc/ssh/ssh_host_*"] } },
  {
    id: "random-seeds",
    reason: "secrets of one machine",
    action: { kind: "remove", patterns: ["var/lib/systemd/random-seed", "var/lib/urandom/random-seed", "var/lib/systemd/credential.secret"] },
  },
  {
    id: "systemd-databases",
    reason: "made when installed, with times; made again at boot",
    action: { kind: "remove", patterns: ["var/lib/systemd/catalog/database", "etc/udev/hwdb.bin", "usr/lib/udev/hwdb.bin", "var/lib/systemd/timers/**"] },
  },
  {
    id: "locate-databases",
    reason: "list one moment's files",
    action: { kind: "remove", patterns: ["var/cache/locate/**", "var/lib/mlocate/**", "var/lib/plocate/**"] },
  },
  {
    id: "home-leftovers",
    reason: "caches and histories of programs that a build step ran",
    action: { kind: "remove", patterns: ["root/.cache", "root/.wget-hsts", "root/.bash_history", "root/.python_history", "root/.lesshst", "root/.viminfo"] },
  },
  {
    id: "java-key-store",
    reason: "a container of certificates with times; made again by its package's trigger",
    action: { kind: "remove", patterns: ["etc/ssl/certs/java/cacerts"] },
  },
];

/** shadow(5): the third field is in days since 1970. Empty and 0 have a meaning of their own. */
function shadowDates(text: string, { sourceDateEpoch }: { readonly sourceDateEpoch: number }): string {
  const day = String(Math.floor(sourceDateEpoch / 86_400));
  return text
    .split("\n")
    .map((line) => {
      const fields = line.split(":");
      const changed = fields[2];
      if (fields.length < 9 || changed === undefined || changed === "" || changed === "0") return line;
      return [...fields.slice(0, 2), day, ...fields.slice(3)].join(":");
    })
    .join("\n");
}
