import { copyFile, mkdir, readdir, readFile, readlink } from "node:fs/promises";
import { join, relative } from "node:path";
import { run } from "../../src/system/index.ts";
import type { TestArchive, TestPackage } from "./apt-archive/index.ts";
import { builderRootfsTar } from "./iso/builder-rootfs.ts";

/** The test builder's programs (busybox, make, bash) as one package whose image needs nothing but to be unpacked. */
export async function smallBuilderPackage(work: string, version = "1"): Promise<TestPackage> {
  const root = join(work, "small-builder");
  await mkdir(root, { recursive: true });
  await run("tar", ["--extract", `--file=${await builderRootfsTar()}`, `--directory=${root}`, "--no-same-owner"]);
  const files: Record<string, { readonly content: Uint8Array; readonly mode: number } | { readonly symlink: string }> = {};
  for (const entry of await readdir(root, { withFileTypes: true, recursive: true })) {
    const place = join(entry.parentPath, entry.name);
    const path = `/${relative(root, place)}`;
    if (entry.isSymbolicLink()) files[path] = { symlink: await readlink(place) };
    else if (entry.isFile()) files[path] = { content: await readFile(place), mode: 0o755 };
  }
  return { name: "small-builder", version, architecture: "amd64", files };
}

/** The files of an image definition `small` that is made of that package alone. JSON is YAML. */
export async function writeSmallDefinition(
  images: string,
  archive: TestArchive,
  fields: Readonly<Record<string, unknown>> = {},
): Promise<Record<string, string>> {
  await mkdir(join(images, "small"), { recursive: true });
  await copyFile(archive.keyring, join(images, "small/archive.gpg"));
  const suites = [{ suite: "test", archive: "test", url: archive.url, keyring: "archive.gpg" }];
  const definition = {
    name: "small",
    version: "1",
    architectures: ["amd64"],
    variant: "extract",
    packages: ["small-builder"],
    suites,
    command: ["sh"],
    ...fields,
  };
  return { "images/small/image.yaml": JSON.stringify(definition) };
}
