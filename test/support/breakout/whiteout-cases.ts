import { pax, rawTar } from "./raw-tar.ts";

const symlink = (name: string, link: string) => ({ name, type: "2", link, mode: 0o777 });
const directory = (name: string) => ({ name: `${name}/`, type: "5", mode: 0o755 });
const empty = (name: string) => ({ name, body: "" });

/** OCI image-spec, layer.md, "Whiteouts": names that delete where a layer is applied, and are only names elsewhere. */
export function whiteoutCases(outside: string): Record<string, Buffer> {
  return {
    "a whiteout": rawTar(directory("below"), empty("below/.wh.file")),
    "a whiteout of nothing": rawTar(empty(".wh.nothing")),
    "a whiteout of its own layer's file": rawTar({ name: "own", body: "new" }, empty(".wh.own")),
    "a whiteout alone": rawTar(empty(".wh.")),
    "a whiteout of a dot": rawTar(empty(".wh..")),
    "a whiteout of the directory above": rawTar(empty(".wh...")),
    "a whiteout of the directory above, below": rawTar(directory("below"), empty("below/.wh...")),
    "a whiteout with an absolute name": rawTar({ name: `${outside}/.wh.file` }),
    "a whiteout one up": rawTar({ name: "../.wh.file" }),
    "a whiteout through a link": rawTar(symlink("l", outside), empty("l/.wh.file")),
    "a whiteout through a link of the layer below": rawTar(empty("below/link/.wh.file")),
    "a whiteout in PAX": rawTar(pax({ path: `${outside}/.wh.file` }), empty("harmless")),
    "a whiteout that is a directory": rawTar(directory(".wh.below")),
    "a whiteout that is a link": rawTar(symlink(".wh.below", outside)),
    "a whiteout that is a hardlink": rawTar({ name: ".wh.below", type: "1", link: `${outside}/file` }),
    "a whiteout with a body": rawTar({ name: ".wh.below", body: "new" }),
    "a file below a whiteout": rawTar({ name: ".wh.below/x", body: "new" }),
    "a whiteout of a whiteout": rawTar(empty(".wh..wh.x")),
    "an opaque mark": rawTar(directory("below"), empty("below/.wh..wh..opq")),
    "an opaque mark of the root": rawTar(empty(".wh..wh..opq")),
    "an opaque mark through a link": rawTar(symlink("l", outside), empty("l/.wh..wh..opq")),
    "an opaque mark through a link of the layer below": rawTar(empty("below/link/.wh..wh..opq")),
    "an opaque mark one up": rawTar(empty("../.wh..wh..opq")),
    "an opaque mark that is a directory": rawTar(directory(".wh..wh..opq"), { name: ".wh..wh..opq/x", body: "new" }),
    "AUFS's own names": rawTar(directory(".wh..wh.plnk"), { name: ".wh..wh.plnk/1.2", body: "new" }, { name: ".wh..wh.aufs", body: "" }),
    "overlayfs's own device": rawTar({ name: "below", type: "3", device: [0, 0] }),
    "overlayfs's own attributes": rawTar(
      pax({ "SCHILY.xattr.trusted.overlay.opaque": "y", "SCHILY.xattr.trusted.overlay.redirect": outside, "SCHILY.xattr.user.overlay.opaque": "y" }),
      directory("below"),
      pax({ "SCHILY.xattr.trusted.overlay.metacopy": "", "SCHILY.xattr.trusted.overlay.redirect": `${outside}/file` }),
      { name: "meta", body: "" },
    ),
  };
}
