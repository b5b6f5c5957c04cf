import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, closeSync, linkSync, lutimesSync, mkdirSync, openSync, symlinkSync, truncateSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { mknod, setModificationTime, writeXattr } from "../../src/system/index.ts";

/** cap_net_raw=ep as the kernel keeps it. */
export const CAP_NET_RAW = Buffer.from("0100000200200000000000000000000000000000", "hex");
/** user::rw-,user:1234:rwx,group::r--,mask::rwx,other::r-- */
export const ACL_ACCESS = Buffer.from("0200000001000600ffffffff02000700d204000004000400ffffffff10000700ffffffff20000400ffffffff", "hex");
/** user::rwx,group::r-x,group:77:r-x,mask::r-x,other::--- */
export const ACL_DEFAULT = Buffer.from("0200000001000700ffffffff04000500ffffffff080005004d00000010000500ffffffff20000000ffffffff", "hex");

/** Files of every kind that a root file system can hold, below `root`. */
export function makeRichTree(root: string): void {
  const at = (path: string) => join(root, path);
  mkdirSync(at("empty"));
  mkdirSync(at("deep/".repeat(60) + "d".repeat(200)), { recursive: true });
  writeFileSync(at("deep/".repeat(60) + "d".repeat(200) + "/" + "f".repeat(250)), "long path");
  writeFileSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0xff, 0xfe, 0x80, 0x2d, 0x0a, 0x5c])]), "not UTF-8");
  for (const name of ["-rf", "a b", "a\tb", "new\nline", "quote'\"", "back\\slash", "*?[x]", "ünï", "{a,b}", ".hidden", "=x", "%41"])
    writeFileSync(at(name), name);
  writeFileSync(at("setuid"), "#!");
  chmodSync(at("setuid"), 0o4755);
  writeFileSync(at("owned"), "x");
  chownSync(at("owned"), 3_000_000_000, 70_000);
  chmodSync(at("owned"), 0o6711);
  mkdirSync(at("sticky"));
  chmodSync(at("sticky"), 0o1777);
  writeFileSync(at("capable"), "\x7fELF");
  writeXattr(at("capable"), "security.capability", CAP_NET_RAW);
  writeXattr(at("capable"), "user.binary", Buffer.from([0, 10, 61, 255]));
  writeXattr(at("capable"), "user.a=b", Buffer.from("equals"));
  writeXattr(at("capable"), "user.empty", Buffer.alloc(0));
  writeXattr(at("capable"), "trusted.rbuild", Buffer.from("t"));
  writeFileSync(at("acl"), "acl");
  writeXattr(at("acl"), "system.posix_acl_access", ACL_ACCESS);
  mkdirSync(at("acl-directory"));
  writeXattr(at("acl-directory"), "system.posix_acl_default", ACL_DEFAULT);
  symlinkSync("t".repeat(300), at("long-link"));
  symlinkSync("/etc/absolute", at("absolute-link"));
  symlinkSync("../../outside", at("climbing-link"));
  writeXattr(at("absolute-link"), "trusted.link", Buffer.from("l"));
  mkdirSync(at("links"));
  writeFileSync(at("links/one"), "linked");
  linkSync(at("links/one"), at("links/two"));
  linkSync(at("links/one"), at("another-name"));
  linkSync(at("absolute-link"), at("links/symlink"));
  execFileSync("mkfifo", ["-m", "640", at("fifo")]);
  mknod(at("character"), 0o020660, { major: 5, minor: 300 });
  mknod(at("block"), 0o060600, { major: 8, minor: 70_000 });
  const holes = openSync(at("holes"), "w");
  writeSync(holes, "start", 0);
  writeSync(holes, "middle", 5 * 1024 * 1024 + 17);
  closeSync(holes);
  truncateSync(at("holes"), 9 * 1024 * 1024 + 123);
  writeFileSync(at("zeros"), Buffer.alloc(3 * 1024 * 1024));
  truncateSync(at("zeros"), 3 * 1024 * 1024);
  writeFileSync(at("small-hole"), "");
  truncateSync(at("small-hole"), 300_000);
  const times = ["empty", "owned", "capable", "links", "fifo", "holes", "long-link"];
  times.forEach((name, index) => setModificationTime(at(name), 1_500_000_000_123_456_789n + BigInt(index)));
  setModificationTime(at("setuid"), -1_500_000_001n);
  lutimesSync(at("absolute-link"), 1_400_000_000, 1_400_000_000);
}
