import { gnuLong, pax, rawTar } from "./raw-tar.ts";

/** More than any directory of a test is deep. */
const UP = "../".repeat(40);

/** Names that lead elsewhere, and names that are odd. */
export function nameCases(outside: string): Record<string, Buffer> {
  const far = `${outside}/file`.slice(1);
  return {
    "absolute name": rawTar({ name: `${outside}/file`, body: "new" }),
    "absolute name of a new file": rawTar({ name: `${outside}/created`, body: "new" }),
    "absolute directory": rawTar({ name: `${outside}/created/`, type: "5", mode: 0o777 }),
    "several slashes first": rawTar({ name: `///${far}`, body: "new" }),
    "dots first": rawTar({ name: "../file", body: "new" }),
    "many dots first": rawTar(gnuLong("L", `${UP}${far}`), { name: "x", body: "new" }),
    "dots in the middle": rawTar({ name: "a/b/../../../file", body: "new" }),
    "dots that stay inside": rawTar({ name: "a/../b", body: "new" }),
    "dots after a dot": rawTar({ name: "./../file", body: "new" }),
    "dots last": rawTar({ name: "a/..", type: "5", mode: 0o777 }),
    "dots alone": rawTar({ name: "..", type: "5", mode: 0o777 }),
    "dots as a file": rawTar({ name: "..", body: "new" }),
    "three dots are a name": rawTar({ name: ".../file", body: "new" }),
    "backslashes are a name": rawTar({ name: "..\\..\\file", body: "new" }),
    "a drive's letter is a name": rawTar({ name: "C:\\file", body: "new" }),
    "absolute name in PAX": rawTar(pax({ path: `${outside}/file` }), { name: "harmless", body: "new" }),
    "dots in PAX": rawTar(pax({ path: "../file" }), { name: "harmless", body: "new" }),
    "dots in a global PAX header": rawTar(pax({ path: "../file" }, "g"), { name: "harmless", body: "new" }),
    "dots in a sparse file's PAX name": rawTar(pax({ "GNU.sparse.name": "../file", "GNU.sparse.realsize": "3", "GNU.sparse.map": "0,3" }), {
      name: "harmless",
      body: "new",
    }),
    "absolute name in GNU's header": rawTar(gnuLong("L", `${outside}/file`), { name: "harmless", body: "new" }),
    "dots by the prefix": rawTar({ name: "file", body: "new", tail: ".." }),
    "absolute name by the prefix": rawTar({ name: "file", body: "new", tail: outside.slice(0, 155) }),
    "PAX before GNU's name": rawTar(gnuLong("L", "../file"), pax({ path: "inside" }), { name: "harmless", body: "new" }),
    "empty name": rawTar({ name: "", body: "new" }),
    "empty name in PAX": rawTar(pax({ path: "" }), { name: "harmless", body: "new" }),
    "the root": rawTar({ name: "/", type: "5", mode: 0o700 }),
    "a dot": rawTar({ name: "./", type: "5", mode: 0o755 }),
    "a dot as a file": rawTar({ name: ".", body: "new" }),
    "a NUL in a PAX name": rawTar(pax({ path: `inside\0/../../file` }), { name: "harmless", body: "new" }),
    "a line feed": rawTar({ name: "a\nb", body: "new" }),
    "control characters": rawTar({ name: "\x1b]0;title\x07\x7f", body: "new" }),
    "bytes that are no UTF-8": rawTar({ name: "\xff\xfe\x80", body: "new" }, { name: "\xffd", type: "6" }),
    "an overlong slash": rawTar({ name: "..\xc0\xaf..\xc0\xaffile", body: "new" }),
    options: rawTar({ name: "--checkpoint-action=exec=sh", body: "new" }, { name: "-rf", body: "new" }),
    "a name of 255 bytes": rawTar(gnuLong("L", "n".repeat(255)), { name: "x", body: "new" }),
    "a name of 256 bytes": rawTar(gnuLong("L", "n".repeat(256)), { name: "x", body: "new" }),
    "a path of 4097 bytes": rawTar(pax({ path: "d/".repeat(2048) + "x" }), { name: "x", body: "new" }),
    "a path of 300 directories": rawTar(pax({ path: "d/".repeat(300) + "x" }), { name: "x", body: "new" }),
    "names that differ in case": rawTar({ name: "File", body: "one" }, { name: "FILE", body: "two" }, { name: "file", body: "three" }),
    "one name twice": rawTar({ name: "twice", body: "one" }, { name: "twice", body: "two" }),
    "one name in two spellings": rawTar({ name: "d/", type: "5", mode: 0o755 }, { name: "./d//twice", body: "one" }, { name: "d/./twice", body: "two" }),
    "a directory that becomes a file": rawTar({ name: "d/", type: "5", mode: 0o755 }, { name: "d", body: "new" }),
    "a file that becomes a directory": rawTar({ name: "d", body: "new" }, { name: "d/", type: "5", mode: 0o755 }, { name: "d/x", body: "new" }),
    "a file below a file": rawTar({ name: "f", body: "new" }, { name: "f/x", body: "new" }),
    "a name that ends in a slash": rawTar({ name: "f/", body: "" }),
  };
}
