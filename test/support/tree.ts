import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { type ByteString, byteString, bytesOf, readXattrs } from "../../src/system/index.ts";

/**
 * Everything about a tree that an archive of it must keep, one line per file: path (bytes as latin1), type and permissions, owner, time in
 * nanoseconds, device, link target, extended attributes, content, and which other names the same file has.
 */
export function describeTree(root: string, options: { readonly ignoreTimesOf?: (path: string) => boolean } = {}): string[] {
  const lines: { path: ByteString; text: string; inode: string }[] = [];
  const visit = (path: ByteString) => {
    const place = Buffer.concat([Buffer.from(`${root}/`), bytesOf(path)]);
    const stat = lstatSync(place, { bigint: true });
    const xattrs = [...readXattrs(place)]
      .filter(([name]) => !name.startsWith("trusted.overlay."))
      .map(([name, value]) => `${name}=${value.toString("hex")}`)
      .sort();
    const content = stat.isFile() ? createHash("sha256").update(readFileSync(place)).digest("hex") : "";
    const target = stat.isSymbolicLink() ? readlinkSync(place, { encoding: "buffer" }).toString("latin1") : "";
    const isTimed = !options.ignoreTimesOf?.(path);
    const fields = [
      `mode=${stat.mode.toString(8)}`,
      `owner=${stat.uid}:${stat.gid}`,
      isTimed ? `mtime=${stat.mtimeNs}` : "",
      `rdev=${stat.rdev}`,
      stat.isFile() ? `size=${stat.size}` : "",
      target,
      content,
      ...xattrs,
    ];
    lines.push({ path, text: fields.filter(Boolean).join(" "), inode: stat.isDirectory() || stat.nlink === 1n ? "" : `${stat.dev}:${stat.ino}` });
    if (!stat.isDirectory()) return;
    for (const name of readdirSync(place, { encoding: "buffer" }).map(byteString).sort()) visit((path === "" ? name : `${path}/${name}`) as ByteString);
  };
  visit("" as ByteString);
  return lines.map(({ path, text, inode }) => {
    const links = inode === "" ? [] : lines.filter((line) => line.inode === inode && line.path !== path).map((line) => line.path);
    return `${JSON.stringify(path)} ${text}${links.length > 0 ? ` links=${JSON.stringify(links)}` : ""}`;
  });
}
