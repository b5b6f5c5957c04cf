import { readFile } from "node:fs/promises";
import { release, userInfo } from "node:os";
import type { Check, HostCheck } from "../check.ts";
import { findProgram } from "../find-program.ts";
import { findVersion, isAtLeast } from "../versions.ts";

const MINIMUM_KERNEL = "5.10";
/** node:ffi is there from this one on. */
const MINIMUM_NODE = "26.1";

/** Who and what this machine is. */
export const checkHost: HostCheck = async ({ isRoot }) => [await user(isRoot), kernel(), node(), await distribution(), await seccomp()];

async function user(isRoot: boolean): Promise<Check> {
  const base = { id: "host.user", needed: "root, by sudo for instance", why: "mounts, namespaces, networks" };
  if (isRoot) return { ...base, status: "ok", found: "root" };
  const sudo = await findProgram(["sudo"]);
  const found = `user ${userInfo().username}`;
  return sudo
    ? { ...base, status: "warn", found, fix: "put sudo before rbuild iso, image build, run and engine; images also with --rootless" }
    : { ...base, status: "fail", found: `${found}, and no sudo`, fix: "su -" };
}

function kernel(): Check {
  const found = release();
  const status = isAtLeast(findVersion(found) ?? "0", MINIMUM_KERNEL) ? "ok" : "warn";
  return { id: "kernel.version", status, found, needed: `Linux ${MINIMUM_KERNEL} or later`, why: "overlayfs and namespaces as the engine uses them" };
}

function node(): Check {
  const found = process.versions.node;
  const base = { id: "host.node", found, needed: `Node ${MINIMUM_NODE} or later`, why: "runs rbuild; bin/rbuild uses the pinned one" };
  return isAtLeast(found, MINIMUM_NODE) ? { ...base, status: "ok" } : { ...base, status: "fail", fix: "npm ci, then start bin/rbuild" };
}

async function distribution(): Promise<Check> {
  const text = await readFile("/etc/os-release", "utf8").catch(() => "");
  const base = { id: "host.distribution", needed: "Debian or one made from it", why: "rbuild doctor --fix installs packages with apt-get" };
  const found = /^PRETTY_NAME="?(.*?)"?$/m.exec(text)?.[1] ?? "unknown";
  const isDebian = /^ID(?:_LIKE)?=.*\bdebian\b/m.test(text);
  return isDebian
    ? { ...base, status: "ok", found }
    : { ...base, status: "warn", found, fix: "install the tools named here with this system's own package manager" };
}

async function seccomp(): Promise<Check> {
  const actions = await readFile("/proc/sys/kernel/seccomp/actions_avail", "utf8").catch(() => undefined);
  const base = { id: "kernel.seccomp", needed: "seccomp filters", why: "keeps containers from system calls they have no use for" };
  return actions === undefined
    ? { ...base, status: "warn", found: "not in this kernel; containers run without filters" }
    : { ...base, status: "ok", found: "available" };
}
