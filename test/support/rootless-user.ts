import { type ChildProcess, spawn } from "node:child_process";
import { chmod, chown, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type CommandRun, rbuild } from "./rbuild-command.ts";

const checkout = resolve(import.meta.dirname, "../..");
const USER = { name: "rbuild-tester", uid: 54_321, firstSubordinate: 300_000_000 } as const;

/** A person who is not root, with subordinate ids, known to the commands run as this person alone. */
export interface RootlessUser {
  readonly uid: number;
  /** Where this person may write. */
  readonly home: string;
  /** Where this person sees the checkout. */
  readonly checkout: string;
  run(args: readonly string[]): Promise<CommandRun>;
  /** Starts it as a group of processes of its own. */
  start(args: readonly string[]): ChildProcess;
  /** Processes that see this person's checkout: all that this person started, in whatever namespaces. */
  processes(): Promise<readonly string[]>;
}

/** @param directory a scratch directory */
export async function rootlessUser(directory: string, options: { readonly hasSubordinateIds?: boolean } = {}): Promise<RootlessUser> {
  const [home, etc, seen] = ["home", "etc", "checkout"].map((name) => join(directory, name)) as [string, string, string];
  for (const path of [home, etc, seen]) await mkdir(path);
  await chmod(directory, 0o711);
  await chown(home, USER.uid, USER.uid);
  const ids = options.hasSubordinateIds === false ? "" : `${USER.name}:${USER.firstSubordinate}:65536\n`;
  await writeFile(join(etc, "passwd"), `${await readFile("/etc/passwd", "utf8")}${USER.name}:x:${USER.uid}:${USER.uid}::${home}:/bin/sh\n`);
  for (const name of ["subuid", "subgid"]) await writeFile(join(etc, name), ids);
  // mounts that end with the command; the checkout may be where only root can look
  const script = `
    for name in passwd subuid subgid; do [ -e /etc/$name ] || : >/etc/$name; mount --bind "$1/etc/$name" /etc/$name; done
    mount --bind "$2" "$1/checkout"
    shift 2
    exec setpriv --reuid ${USER.uid} --regid ${USER.uid} --clear-groups "$@"`;
  const prefix = ["unshare", "--mount", "sh", "-ec", script, "sh", directory, checkout];
  const launcher = join(seen, "bin/rbuild");
  return {
    uid: USER.uid,
    home,
    checkout: seen,
    run: (args) => rbuild(args, { prefix, launcher, cwd: home, env: { HOME: home } }),
    start(args) {
      const [command = "", ...words] = [...prefix, launcher, ...args];
      return spawn(command, words, { cwd: home, env: { PATH: process.env["PATH"], HOME: home }, stdio: "ignore", detached: true });
    },
    processes: () => processesThatSee(directory),
  };
}

async function processesThatSee(directory: string): Promise<string[]> {
  const seeing = [];
  for (const id of await readdir("/proc")) {
    // It may end meanwhile.
    const mounts = /^\d+$/.test(id) ? await readFile(join("/proc", id, "mountinfo"), "utf8").catch(() => "") : "";
    if (mounts.includes(directory)) seeing.push(`${id} ${await readFile(join("/proc", id, "cmdline"), "utf8").catch(() => "")}`.replaceAll("\0", " "));
  }
  return seeing;
}
