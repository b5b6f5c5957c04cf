import { existsSync } from "node:fs";
import { copyFile, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { execa } from "execa";
import { copyExample, type ExampleTree } from "../../test/support/example-tree.ts";

const rbuild = resolve(import.meta.dirname, "../../bin/rbuild");

/** Releases of examples/tiny: as it is here, with another file and one package more, and with the archive's updates and security fixes of the day. */
const RELEASES = ["as it is", "a file and a package", "updates"] as const;
type ReleaseName = (typeof RELEASES)[number];

const BOOTSTRAP = "scripts/bootstrap";
const SUITE = 'bookworm "$work/root" "$mirror"';
const WITH_UPDATES = `bookworm "$work/root" \\
	"deb $mirror bookworm main" "deb $mirror bookworm-updates main" "deb \${mirror%/debian}/debian-security bookworm-security main"`;

/** Builds each that is not there with `rbuild iso`, in an engine of its own. @returns the ISOs, in `directory` */
export async function buildTinyReleases(directory: string): Promise<ReadonlyMap<ReleaseName, string>> {
  const isos = new Map<ReleaseName, string>();
  for (const name of RELEASES) {
    const iso = join(directory, `${name.replaceAll(" ", "-")}.iso`);
    isos.set(name, iso);
    if (existsSync(iso)) continue;
    await using tree = await copyExample("tiny");
    const isLocked = await change(tree, name);
    const places = ["--engine-root", join(directory, "engine"), "--run-root", join(directory, "run")];
    await execa(rbuild, ["iso", "--quiet", "-C", tree.directory, "--output", tree.output, ...places, ...(isLocked ? [] : ["--no-lock", "--ignore-changes"])]);
    await copyFile(join(tree.output, "tiny.iso"), iso);
  }
  return isos;
}

/** @returns whether its packages still are those of its lock */
async function change(tree: ExampleTree, name: ReleaseName): Promise<boolean> {
  if (name === "as it is") return true;
  const motd = join(tree.directory, "system/etc/motd");
  await writeFile(motd, `${await readFile(motd, "utf8")}Another release.\n`);
  const bootstrap = join(tree.directory, BOOTSTRAP);
  const script = await readFile(bootstrap, "utf8");
  const changed = name === "updates" ? script.replace(SUITE, WITH_UPDATES) : script.replace("--include=busybox-static", "--include=busybox-static,hello");
  if (changed === script) throw new Error(`${BOOTSTRAP} of examples/tiny is not as this expects`);
  await writeFile(bootstrap, changed);
  return false;
}
