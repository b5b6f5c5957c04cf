import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ImageLab, openImageLab } from "../../../support/images/image-lab.ts";
import { type ImageEntry, readImage } from "../../../support/images/read-image.ts";

const TOOLS = {
  name: "tools",
  version: "1:2.0-1",
  architecture: "amd64",
  multiArch: "same",
  files: {
    "/bin/tool": { content: "#!/bin/sh\n", mode: 0o4755 },
    "/lib/libtool.so": { symlink: "libtool.so.1" },
    "/usr/lib/libtool.so.1": "library",
    "/etc/tools.conf": "conf",
  },
  scripts: { postinst: "#!/bin/sh\nexit 1\n", conffiles: "/etc/tools.conf\n" },
} as const;

describe("an image whose packages are only unpacked", () => {
  let lab: ImageLab;
  beforeAll(async () => {
    lab = await openImageLab();
  });
  afterAll(() => lab[Symbol.asyncDispose]());

  let tree: Map<string, ImageEntry>;

  test("has their files on a merged /usr, and a dpkg database that says what is left to do", async () => {
    await lab.define("tiny", {}, { packages: [TOOLS] });
    const { imageId } = await lab.build("tiny");
    tree = await readImage(lab.docker, imageId);
    expect(tree.get("bin")).toMatchObject({ kind: "symlink", link: "usr/bin" });
    expect(tree.get("lib")).toMatchObject({ kind: "symlink", link: "usr/lib" });
    expect([tree.has("sbin"), tree.has("lib64")]).toEqual([false, false]);
    expect(tree.get("usr/bin/tool")).toMatchObject({ kind: "file", mode: 0o4755, uid: 0, mtime: 1_577_836_800 });
    expect(tree.get("usr/lib/libtool.so")).toMatchObject({ kind: "symlink", link: "libtool.so.1" });
    const status = tree.get("var/lib/dpkg/status")?.text ?? "";
    expect(status).toMatch(/^Package: tools\nStatus: install ok unpacked\nVersion: 1:2.0-1\n/);
    expect(status).toMatch(/\nConffiles:\n \/etc\/tools.conf newconffile\n\n$/);
    expect(tree.get("var/lib/dpkg/info/tools:amd64.list")?.text).toBe(
      "/.\n/bin\n/bin/tool\n/etc\n/etc/tools.conf\n/lib\n/usr\n/usr/lib\n/usr/lib/libtool.so.1\n/lib/libtool.so\n",
    );
    expect(tree.get("var/lib/dpkg/info/tools:amd64.postinst")).toMatchObject({ mode: 0o755, text: "#!/bin/sh\nexit 1\n" });
  });

  test("carries another one with more packages, users and files, where nothing runs either", async () => {
    const more = { name: "more", version: "1", files: { "/bin/more": "more", "/usr/share/zoneinfo/Etc/UTC": "TZif" } };
    await lab.define(
      "top",
      {
        from: "tiny",
        users: [{ name: "web", uid: 900, home: "/srv/web", groups: ["web"] }],
        files: [
          { path: "/srv/web/deep/own.txt", content: "own\n", owner: "web", group: "web", mode: "0600" },
          { path: "/bin/run", source: "run", mode: "0755" },
        ],
        locale: "C.UTF-8",
        timezone: "Etc/UTC",
        environment: { A: "1" },
      },
      { packages: [more], files: { run: "#!/bin/sh\n" } },
    );
    const built = await lab.build("top");
    const top = await readImage(lab.docker, built.imageId);
    expect([top.get("usr/bin/more")?.text, top.get("usr/bin/tool")?.mode]).toEqual(["more", 0o4755]);
    expect(top.get("var/lib/dpkg/status")?.text.match(/^Package: .*$/gm)).toEqual(["Package: more", "Package: tools"]);
    expect(top.get("etc/passwd")?.text).toBe("web:x:900:900::/srv/web:/usr/sbin/nologin\n");
    expect(top.get("etc/group")?.text).toBe("web:x:900:web\n");
    expect(top.get("etc/shadow")).toMatchObject({ mode: 0o640, text: "web:!:19675:0:99999:7:::\n" });
    expect(top.get("srv/web")).toMatchObject({ uid: 900, gid: 900, mode: 0o755 });
    expect(top.get("srv/web/deep/own.txt")).toMatchObject({ uid: 900, gid: 900, mode: 0o600, mtime: 1_700_000_000 });
    expect(top.get("usr/bin/run")).toMatchObject({ mode: 0o755, text: "#!/bin/sh\n" });
    expect(top.get("etc/localtime")).toMatchObject({ kind: "symlink", link: "/usr/share/zoneinfo/Etc/UTC" });
    expect([top.get("etc/timezone")?.text, top.get("etc/default/locale")?.text]).toEqual(["Etc/UTC\n", "LANG=C.UTF-8\n"]);
    const { Config } = await lab.docker.getImage(built.imageId).inspect();
    expect(Config.Env).toEqual(["A=1", "LANG=C.UTF-8"]);
    expect(await lab.build("top", { force: true })).toEqual(built);
  });

  test.each<[string, string, Readonly<Record<string, unknown>>]>([
    ["a user whose uid is taken", "image.account-exists", { users: [{ name: "other", uid: 900 }] }],
    ["a file of somebody unknown", "image.unknown-account", { files: [{ path: "/a", content: "", owner: "nobody" }] }],
    ["a file that is not there", "image.file-missing", { files: [{ path: "/a", source: "gone" }] }],
    ["a hook that is not there", "image.file-missing", { hooks: ["gone"] }],
    ["a time zone that is not there", "image.timezone-missing", { timezone: "Moon/Tycho" }],
    ["a locale that cannot be made", "image.locale-missing", { locale: "de_DE.UTF-8" }],
  ])("is refused with %s", async (_what, code, fields) => {
    await lab.define("wrong", { from: "top", ...fields });
    await expect(lab.build("wrong")).rejects.toMatchObject({ code });
  });

  test("lets a package have what it replaces of another, and refuses what nothing replaces", async () => {
    const one = { name: "one", version: "1", files: { "/etc/both": "one" } };
    await lab.define("both", {}, { packages: [one, { name: "two", version: "1", replaces: "one", files: { "/etc/both": "two" } }] });
    const { imageId } = await lab.build("both");
    expect((await readImage(lab.docker, imageId)).get("etc/both")?.text).toBe("two");
    await lab.define("both", {}, { packages: [one, { name: "two", version: "1", files: { "/etc/both": "two" } }] });
    await expect(lab.build("both")).rejects.toMatchObject({ code: "image.file-conflict", details: { packages: ["one", "two"] } });
  });

  test("leaves neither containers nor working images behind", async () => {
    expect(await lab.docker.listContainers({ all: true })).toEqual([]);
    const tags = (await lab.docker.listImages()).flatMap(({ RepoTags }) => RepoTags ?? []);
    expect(tags.sort()).toEqual(["rbuild/both:1", "rbuild/tiny:1", "rbuild/top:1"]);
  });
});

test("a package that is small and unpacks to much, and one that is large, are streamed", async () => {
  await using lab = await openImageLab();
  await lab.define(
    "large",
    {},
    {
      packages: [
        { name: "grows", version: "1", files: { "/usr/share/grows": Buffer.alloc(140 * 1024 * 1024) } },
        { name: "large", version: "1", files: { "/usr/share/large": randomBytes(9 * 1024 * 1024), "/usr/share/large-too": "end\n" } },
      ],
    },
  );
  const { size } = await lab.build("large");
  expect(size).toBeGreaterThan(149 * 1024 * 1024);
});
