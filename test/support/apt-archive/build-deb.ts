import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { chmod, mkdir, mkdtemp, readFile, rename, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";

/** A binary package as a test wants it. Fields that are left out are left out of its control file. */
export interface TestPackage {
  readonly name: string;
  readonly version: string;
  /** Default `all`. */
  readonly architecture?: string;
  readonly essential?: boolean;
  /** Default `optional`. */
  readonly priority?: string;
  readonly depends?: string;
  readonly preDepends?: string;
  readonly recommends?: string;
  readonly conflicts?: string;
  readonly breaks?: string;
  readonly replaces?: string;
  readonly provides?: string;
  readonly multiArch?: string;
  /** `Source:` field: `name` or `name (version)`. */
  readonly source?: string;
  /** Content by absolute path. Modes default to 0644; `symlink` makes a link. */
  readonly files?: Readonly<
    Record<string, string | Uint8Array | { readonly content: string | Uint8Array; readonly mode?: number } | { readonly symlink: string }>
  >;
  /** `postinst` and the like by name, with their `#!`. */
  readonly scripts?: Readonly<Record<string, string>>;
  readonly component?: string;
}

export interface BuiltDeb {
  /** Relative to the archive: `pool/main/h/hello/hello_1.0_all.deb`. */
  readonly path: string;
  readonly size: number;
  /** Hex. */
  readonly sha256: string;
  /** The stanza of a Packages index, with closing newline. */
  readonly stanza: string;
}

/** Time of every file in a package. */
const EPOCH = 1_577_836_800;
const run = promisify(execFile);

/** Builds a package into the pool of `archive`, the same bytes every time. */
export async function buildDeb(archive: string, wanted: TestPackage): Promise<BuiltDeb> {
  const path = poolPath(wanted);
  const destination = join(archive, path);
  await mkdir(dirname(destination), { recursive: true });
  const work = await mkdtemp(join(archive, ".deb-"));
  try {
    const root = join(work, "root");
    await writeTree(root, wanted);
    const output = join(work, basename(path));
    await run("dpkg-deb", ["--root-owner-group", "--threads-max=1", "-Zgzip", "--build", root, output], {
      env: { PATH: process.env["PATH"] ?? "", LC_ALL: "C.UTF-8", SOURCE_DATE_EPOCH: String(EPOCH) },
    });
    const bytes = await readFile(output);
    await rename(output, destination);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    const md5 = createHash("md5").update(bytes).digest("hex");
    const stanza = `${controlText(wanted)}Filename: ${path}\nSize: ${bytes.length}\nMD5sum: ${md5}\nSHA256: ${sha256}\n`;
    return { path, size: bytes.length, sha256, stanza };
  } finally {
    await rm(work, { recursive: true });
  }
}

function poolPath({ name, version, architecture = "all", source, component = "main" }: TestPackage): string {
  const sourceName = source?.split(" ")[0] ?? name;
  const letter = sourceName.startsWith("lib") ? sourceName.slice(0, 4) : sourceName.slice(0, 1);
  return `pool/${component}/${letter}/${sourceName}/${name}_${version.replace(/^\d+:/, "")}_${architecture}.deb`;
}

function controlText(wanted: TestPackage): string {
  const { name, version, architecture = "all", priority = "optional" } = wanted;
  const fields: readonly (readonly [string, string | undefined])[] = [
    ["Package", name],
    ["Source", wanted.source],
    ["Version", version],
    ["Architecture", architecture],
    ["Essential", wanted.essential ? "yes" : undefined],
    ["Multi-Arch", wanted.multiArch],
    ["Maintainer", "Nobody <nobody@example.org>"],
    ["Priority", priority],
    ["Section", "misc"],
    ["Provides", wanted.provides],
    ["Pre-Depends", wanted.preDepends],
    ["Depends", wanted.depends],
    ["Recommends", wanted.recommends],
    ["Conflicts", wanted.conflicts],
    ["Breaks", wanted.breaks],
    ["Replaces", wanted.replaces],
    ["Description", `${name} of a test`],
  ];
  return fields.flatMap(([field, value]) => (value === undefined ? [] : [`${field}: ${value}\n`])).join("");
}

async function writeTree(root: string, wanted: TestPackage): Promise<void> {
  await mkdir(join(root, "DEBIAN"), { recursive: true });
  await writeFile(join(root, "DEBIAN/control"), controlText(wanted), { mode: 0o644 });
  for (const [name, text] of Object.entries(wanted.scripts ?? {})) await writeWithMode(join(root, "DEBIAN", name), text, 0o755);
  for (const [path, file] of Object.entries(wanted.files ?? {})) {
    const place = join(root, path);
    await mkdir(dirname(place), { recursive: true });
    if (typeof file === "string" || file instanceof Uint8Array) await writeWithMode(place, file, 0o644);
    else if ("symlink" in file) await symlink(file.symlink, place);
    else await writeWithMode(place, file.content, file.mode ?? 0o644);
  }
  await run("find", [root, "-type", "d", "-exec", "chmod", "0755", "{}", "+"]);
}

async function writeWithMode(path: string, content: string | Uint8Array, mode: number): Promise<void> {
  await writeFile(path, content);
  await chmod(path, mode);
  await utimes(path, EPOCH, EPOCH);
}
