import { gnuLong, pax, rawMember, rawTar } from "./raw-tar.ts";

const sparseHeader = (extents: readonly (readonly [number, number])[], realSize: number) => {
  const octal = (value: number) => `${value.toString(8).padStart(11, "0")}\0`;
  // Old GNU format: map from byte 386, so 41 bytes behind the prefix's start.
  const map = extents.map(([offset, size]) => octal(offset) + octal(size)).join("");
  return `${"\0".repeat(41)}${map.padEnd(4 * 24, "\0")}\0${octal(realSize)}`;
};

/** Kinds, attributes and headers that lie. */
export function headerCases(): Record<string, Buffer> {
  return {
    "a device": rawTar({ name: "sda", type: "4", device: [8, 0], mode: 0o666 }),
    "a character device": rawTar({ name: "mem", type: "3", device: [1, 1], mode: 0o666 }),
    "a pipe": rawTar({ name: "p", type: "6" }),
    "a pipe in the place of a file, and a file over it": rawTar({ name: "p", body: "old" }, { name: "p", type: "6" }, { name: "p", body: "new" }),
    "an unknown kind": rawTar({ name: "v", type: "V" }, { name: "after", body: "new" }),
    "a contiguous file": rawTar({ name: "c", type: "7", body: "new" }),
    "setuid and setgid": rawTar({ name: "su", body: "new", mode: 0o6755, uid: 0 }),
    "attributes of the kernel's": rawTar(
      pax({
        "SCHILY.xattr.trusted.x": "y",
        "SCHILY.xattr.security.selinux": "system_u:object_r:shadow_t:s0",
        "SCHILY.xattr.security.ima": "\x03x",
        "SCHILY.xattr.system.odd": "y",
      }),
      { name: "x", body: "new" },
    ),
    "an attribute without a name": rawTar(pax({ "SCHILY.xattr.": "y" }), { name: "x", body: "new" }),
    "an attribute of no kind": rawTar(pax({ "SCHILY.xattr.nokind": "y" }), { name: "x", body: "new" }),
    "an ACL that is none": rawTar(pax({ "SCHILY.acl.access": "everybody" }), { name: "x", body: "new" }),
    "a binary ACL that is none": rawTar(pax({ "SCHILY.xattr.system.posix_acl_access": "\x02\0\0\0garbage" }), { name: "x", body: "new" }),
    "a default ACL of a file": rawTar(pax({ "SCHILY.acl.default": "user::rwx,group::rwx,other::rwx" }), { name: "x", body: "new" }),
    "a size that is too large": rawTar({ name: "x", size: 8 * 1024 ** 3 - 1 }),
    "a size beyond all": rawTar({ name: "x", size: `\x80${"\0".repeat(3)}\x7f${"\xff".repeat(7)}` }),
    "a size beyond all numbers": rawTar({ name: "x", size: `\x80${"\xff".repeat(11)}` }),
    "a negative size": rawTar({ name: "x", size: "\xff".repeat(12) }, { name: "y", body: "new" }),
    "a size in base 256": rawTar({ name: "x", size: `\x80${"\0".repeat(10)}\x03`, body: "new" }),
    "a size that is no number": rawTar({ name: "x", size: "-0000000001\0" }),
    "a size in PAX that skips a header": rawTar(pax({ size: "512" }), { name: "x", size: 0 }, { name: "../file", body: "new" }, Buffer.alloc(512)),
    "a negative size in PAX": rawTar(pax({ size: "-1" }), { name: "x" }),
    "a size in PAX that is no number": rawTar(pax({ size: "0x10" }), { name: "x" }),
    "a wrong checksum": rawTar({ name: "x", body: "new", checksum: "0000000\0" }),
    "a checksum that is none": rawTar({ name: "x", body: "new", checksum: "zzzzzzz\0" }),
    "a PAX record that is too long": rawTar(rawMember({ name: "pax", type: "x", body: "99 path=x\n" }), { name: "x" }),
    "a PAX record without a key": rawTar(rawMember({ name: "pax", type: "x", body: "5 =x\n" }), { name: "x" }),
    "a PAX record of no length": rawTar(rawMember({ name: "pax", type: "x", body: "0 path=x\n" }), { name: "x" }),
    "a PAX header of 2 MiB": rawTar(pax({ comment: "c".repeat(2 ** 21) }), { name: "x" }),
    "a PAX header that says it has 4 GiB": rawTar({ name: "pax", type: "x", size: 2 ** 32 }),
    "a GNU name of 2 MiB": rawTar(gnuLong("L", "n/".repeat(2 ** 20)), { name: "x" }),
    "global PAX headers of 2 MiB": rawTar(...Array.from({ length: 64 }, (_, index) => pax({ [`comment${index}`]: "c".repeat(2 ** 15) }, "g")), { name: "x" }),
    "PAX headers without a member": rawTar(pax({ path: "x" })),
    "__proto__ in PAX": rawTar(pax({ __proto__x: "y", "constructor.prototype": "y", ["__proto__"]: "y" }), { name: "__proto__", body: "new" }),
    "a sparse file of 8 EiB": rawTar(
      { name: "s", type: "S", magic: "ustar  \0", tail: sparseHeader([], 0) },
      pax({ "GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "s", "GNU.sparse.realsize": "9223372036854775807" }),
      { name: "t", body: "0\n".padEnd(512, "\0") },
    ),
    "a sparse file of 4 PiB": rawTar(
      pax({ "GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "s", "GNU.sparse.realsize": String(2 ** 52) }),
      { name: "t", body: "0\n".padEnd(512, "\0") },
    ),
    "a sparse map that overlaps": rawTar({
      name: "s",
      type: "S",
      magic: "ustar  \0",
      body: "newnew",
      tail: sparseHeader(
        [
          [0, 3],
          [1, 3],
        ],
        100,
      ),
    }),
    "a sparse map that leaves the file": rawTar({ name: "s", type: "S", magic: "ustar  \0", body: "new", tail: sparseHeader([[2 ** 32, 3]], 100) }),
    "a sparse map that says more than there is": rawTar({ name: "s", type: "S", magic: "ustar  \0", body: "new", tail: sparseHeader([[0, 600]], 600) }),
    "a sparse map without end": rawTar(pax({ "GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "s", "GNU.sparse.realsize": "3" }), {
      name: "t",
      body: "999999999\n".padEnd(512, "1"),
    }),
    "no archive": Buffer.from("this is no archive ".repeat(100)),
    nothing: Buffer.alloc(0),
    zeros: Buffer.alloc(10_240),
    "a lone zero block": Buffer.concat([Buffer.alloc(512), rawTar({ name: "x", body: "new" })]),
    "half a header": rawTar({ name: "x", body: "new" }).subarray(0, 300),
    "half a body": rawTar({ name: "x", body: "n".repeat(2000) }).subarray(0, 1100),
    "no end": rawTar({ name: "x", body: "new" }).subarray(0, 1024),
    "something behind the end": Buffer.concat([rawTar({ name: "x", body: "new" }), rawTar({ name: "../file", body: "new" })]),
    "300 tiny files": Buffer.concat([...Array.from({ length: 300 }, (_, index) => rawMember({ name: `many/${index}` })), Buffer.alloc(1024)]),
  };
}
