import { gnuLong, pax, rawTar } from "./raw-tar.ts";

const UP = "../".repeat(40);
const symlink = (name: string, link: string) => ({ name, type: "2", link, mode: 0o777 });
const hardlink = (name: string, link: string) => ({ name, type: "1", link });
const directory = (name: string) => ({ name: `${name}/`, type: "5", mode: 0o755 });
const file = (name: string, body = "new") => ({ name, body });

/** Links, and what comes through them. */
export function linkCases(outside: string): Record<string, Buffer> {
  const relative = `${UP}${outside.slice(1)}`;
  return {
    "a link to outside": rawTar(symlink("l", outside)),
    "a link to outside, and a file through it": rawTar(symlink("l", outside), file("l/file")),
    "a relative link to outside, and a file through it": rawTar(gnuLong("K", relative), symlink("l", "x"), file("l/file")),
    "a link one up, and a file through it": rawTar(symlink("l", ".."), file("l/file")),
    "a link deep down to outside, and a file through it": rawTar(directory("a"), directory("a/b"), symlink("a/b/l", outside), file("a/b/l/file")),
    "a link to outside, and a directory through it": rawTar(symlink("l", outside), directory("l/created")),
    "a link to outside, and a directory in its place": rawTar(symlink("l", outside), directory("l"), file("l/file")),
    "a link to outside, and its own name with a slash": rawTar(symlink("l", `${outside}/directory`), { name: "l/", type: "5", mode: 0o777 }),
    "a link to a file outside, and a file of its name": rawTar(symlink("l", `${outside}/file`), file("l")),
    "a link to a file outside, and a pipe of its name": rawTar(symlink("l", `${outside}/file`), { name: "l", type: "6" }),
    "a link to a file outside that is not there, and a file of its name": rawTar(symlink("l", `${outside}/created`), file("l")),
    "a chain of links": rawTar(symlink("a", "b"), symlink("b", "c"), symlink("c", outside), file("a/file")),
    "a chain of links, each one up": rawTar(directory("d"), symlink("d/a", ".."), symlink("d/a/b", ".."), symlink("d/a/b/c", ".."), file("d/a/b/c/file")),
    "links in a circle": rawTar(symlink("a", "b"), symlink("b", "a"), file("a/file")),
    "a link to itself": rawTar(symlink("a", "a"), file("a/file")),
    "a link that another one replaces": rawTar(directory("d"), symlink("l", "d"), symlink("l", outside), file("l/file")),
    "a directory that a link replaces": rawTar(directory("d"), file("d/x"), symlink("d", outside), file("d/file")),
    "an empty directory that a link replaces": rawTar(directory("d"), symlink("d", outside), file("d/file")),
    "a link that a directory replaces": rawTar(symlink("d", outside), directory("d"), { name: "d/file", body: "new", mode: 0o4755 }),
    "a hardlink to outside": rawTar(hardlink("h", `${outside}/file`)),
    "a hardlink to outside, and a file over it": rawTar(hardlink("h", `${outside}/file`), file("h")),
    "a hardlink one up": rawTar(hardlink("h", "../file")),
    "a hardlink far up": rawTar(gnuLong("K", `${relative}/file`), hardlink("h", "x")),
    "a hardlink through a link": rawTar(symlink("l", outside), hardlink("h", "l/file"), file("h")),
    "a hardlink to a link, and a file over it": rawTar(symlink("l", `${outside}/file`), hardlink("h", "l"), file("h")),
    "a hardlink to a link to a directory, and a file through it": rawTar(symlink("l", outside), hardlink("h", "l"), file("h/file")),
    "a hardlink to itself": rawTar(hardlink("h", "h")),
    "a hardlink to nothing": rawTar(hardlink("h", "nothing")),
    "a hardlink to a directory": rawTar(directory("d"), hardlink("h", "d"), file("h/x")),
    "a hardlink to the root": rawTar(hardlink("h", ".")),
    "a hardlink with an empty target": rawTar(hardlink("h", "")),
    "a hardlink to what comes later": rawTar(hardlink("h", "later"), file("later")),
    "a hardlink with a body": rawTar(file("f", "old"), { ...hardlink("h", "f"), size: 512 }, Buffer.alloc(512, "x")),
    "a link's target in PAX": rawTar(pax({ linkpath: outside }), symlink("l", "harmless"), file("l/file")),
    "a hardlink's target in PAX": rawTar(pax({ linkpath: `${outside}/file` }), hardlink("h", "harmless")),
    "a hardlink's target in GNU's header": rawTar(gnuLong("K", `${outside}/file`), hardlink("h", "harmless")),
    "a link with an empty target": rawTar(symlink("l", "")),
    "a link with a line feed in its target": rawTar(symlink("l", `x\n${outside}`), file("l/file")),
    "a link to this process's root": rawTar(symlink("l", "/proc/self/root"), gnuLong("L", `l${outside}/file`), file("x")),
    "a link to this process's directory": rawTar(symlink("l", "/proc/self/cwd"), file("l/../file")),
    "a link to this process's descriptors": rawTar(symlink("l", "/proc/self/fd"), file("l/3/file")),
    "a link to init's root": rawTar(symlink("l", "/proc/1/root"), gnuLong("L", `l${outside}/file`), file("x")),
    "rights of a link that leads outside": rawTar(
      symlink("l", `${outside}/file`),
      pax({ "SCHILY.acl.access": "user::rwx,group::rwx,other::rwx", "SCHILY.xattr.user.x": "y" }),
      { ...symlink("l", `${outside}/file`), mode: 0o6777, uid: 1234 },
    ),
  };
}
