import { execFileSync } from "node:child_process";
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { mknod, writeXattr } from "../../../src/system/index.ts";

const FORMATS = [
  ["--format=ustar", "--exclude=long*"],
  ["--format=gnu", "--sparse"],
  ["--format=posix", "--sparse", "--xattrs"],
  ["--format=posix", "--sparse", "--sparse-version=0.1"],
];

/** A small tree of all kinds of files in the formats that GNU tar writes. */
export function gnuTars(): Buffer[] {
  const directory = mkdtempSync("/var/tmp/rbuild-fuzz-");
  const at = (name: string) => join(directory, name);
  try {
    writeFileSync(at("file"), "content");
    writeXattr(at("file"), "user.name", Buffer.from("value"));
    linkSync(at("file"), at("hard"));
    symlinkSync("file", at("link"));
    mkdirSync(at("directory"));
    writeFileSync(at(`directory/${"long".repeat(30)}`), "");
    mknod(at("pipe"), 0o10644);
    writeFileSync(at("sparse"), "data");
    truncateSync(at("sparse"), 3000);
    return FORMATS.map((options) => execFileSync("tar", ["--create", "--file=-", "--blocking-factor=1", ...options, "-C", directory, "."]));
  } finally {
    rmSync(directory, { recursive: true });
  }
}
