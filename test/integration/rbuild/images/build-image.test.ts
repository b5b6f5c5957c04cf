import { mkdtemp, readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildImage } from "../../../../src/rbuild/images/build-image.ts";
import { readBuiltRecord } from "../../../../src/rbuild/images/built-record.ts";
import { checkPin } from "../../../../src/rbuild/images/check-pin.ts";
import { ensureImage } from "../../../../src/rbuild/images/ensure-image.ts";
import { writePin } from "../../../../src/rbuild/images/pin/pin-file.ts";
import { pinImage } from "../../../../src/rbuild/images/pin-image.ts";
import { byteString, readTar, textOf } from "../../../../src/system/tar/index.ts";
import type { TestPackage } from "../../../support/apt-archive/index.ts";
import { fillTestPool, TEST_POOL } from "../../../support/image-pool.ts";
import { type ImageLab, OWN_IMAGES, openImageLab } from "../../../support/images/image-lab.ts";
import { readImage } from "../../../support/images/read-image.ts";

const POOL = { offline: false, sources: { pools: [TEST_POOL] } } as const;

describe("the base image, built for real", () => {
  let lab: ImageLab;
  beforeAll(async () => {
    await fillTestPool("base");
    lab = await openImageLab();
    await lab.copyOwn("base");
    await lab.build("base", POOL);
  });
  afterAll(() => lab[Symbol.asyncDispose]());

  test("is exactly the one that is pinned", async () => {
    const pin: unknown = JSON.parse(await readFile(join(OWN_IMAGES, "base/image.pin.json"), "utf8"));
    const { digest, imageId } = pin as { readonly digest: string; readonly imageId: string };
    expect(lab.events.find(({ kind }) => kind === "image.built")).toMatchObject({ digest, imageId });
    expect(await checkPin({ name: "base" }, lab.dependencies)).toMatchObject({ kind: "exact" });
  });

  test("keeps what it was made from, field by field", async () => {
    const record = await readBuiltRecord(lab.dependencies.stateDirectory, "base");
    expect(record?.inputs).toMatchObject({
      compatibilityVersion: 2,
      architecture: "linux/amd64",
      lock: expect.stringMatching(/^sha256:/),
      definition: { name: "base", command: ["bash"] },
    });
  });

  test("is not built again from the same lock and definition", async () => {
    lab.events.length = 0;
    await lab.build("base");
    expect(lab.events.at(-1)).toMatchObject({ kind: "step.finished", outcome: "cached" });
  });

  test("is a sane Debian system", async () => {
    const check = [
      "#!/bin/sh -eu",
      '[ -z "$(dpkg --audit)" ] && echo audited',
      "dpkg -l | tail -n +6 | cut -c1-4 | sort -u | tr '\\n' '.'",
      'echo; [ ! -e /etc/apt/sources.list ] && [ -z "$(ls /etc/apt/sources.list.d)" ] && echo no sources',
      "apt-get check >/dev/null && apt-get --simulate autoremove | grep -c ^Remv || :",
      // APT makes its own directories when it needs them.
      "dpkg --verify | grep -Ev ' /var/(cache|lib)/apt/' || echo verified",
      "",
    ];
    await lab.define("sane", { from: "base", hooks: ["check"] }, { files: { check: check.join("\n") } });
    lab.events.length = 0;
    await lab.build("sane");
    const lines = lab.events.flatMap((event) => (event.kind === "log.written" ? [event.text] : []));
    expect(lines).toEqual(["audited", "ii  .", "no sources", "0", "verified"]);
  });

  test("carries an image whose packages, offers, files, hooks and Dockerfile are in one layer, and nothing of how", async () => {
    const service = {
      name: "service",
      version: "1",
      preDepends: "helper",
      files: { "/etc/service.conf": "conf\n", "/usr/sbin/serviced": { content: "#!/bin/sh\n", mode: 0o755 } },
      scripts: {
        preinst: "#!/bin/sh\ntest -e /var/lib/helper.configured\n",
        postinst: "#!/bin/sh\nset -e\nadduser --system --group --quiet --home /var/lib/service service\ninvoke-rc.d service start || echo not started\n",
        conffiles: "/etc/service.conf\n",
      },
    };
    const helper = { name: "helper", version: "1", scripts: { postinst: "#!/bin/sh\n: >/var/lib/helper.configured\n" } };
    await lab.define(
      "top",
      {
        from: "base",
        packages: ["service"],
        dockerfile: "Dockerfile",
        hooks: ["hook"],
        users: [{ name: "web", uid: 900, groups: ["service"] }],
        files: [{ path: "/srv/own/deep.txt", content: "own\n", owner: "web", group: "service", mode: "0640" }],
        command: ["run"],
      },
      {
        packages: [helper, service],
        offers: [
          { name: "offered", version: "1", depends: "also-offered", files: { "/usr/share/offered": "offered\n" } },
          { name: "also-offered", version: "1" },
          { name: "not-taken", version: "1", files: { "/usr/share/not-taken": "" } },
        ],
        files: {
          hook: '#!/bin/sh\nset -e\necho "$SOURCE_DATE_EPOCH $(pwd) $(id -u)"\ntest -e /usr/sbin/serviced && test -e /srv/own/deep.txt\necho hooked >/etc/hooked\n',
          Dockerfile:
            "ARG RBUILD_BASE\nFROM ${RBUILD_BASE}\nRUN apt-get install offered\nCOPY run /usr/local/bin/\nRUN rm /etc/issue && : >/etc/made && install -d -m 700 -o daemon /srv/daemon\nENV TOP=1\nEXPOSE 80\n",
          run: "#!/bin/sh\n",
        },
      },
    );
    lab.events.length = 0;
    const built = await lab.build("top");
    const said = lab.events.flatMap((event) => (event.kind === "log.written" ? [event.text] : []));
    expect(said).toContain("1783764997 / 0");
    const { Config, RootFS } = await lab.docker.getImage(built.reference).inspect();
    expect(RootFS.Layers).toHaveLength(2);
    expect(Config).toMatchObject({ Cmd: ["run"], ExposedPorts: { "80/tcp": {} } });
    expect(Config.Env).toEqual(["LC_ALL=C.UTF-8", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TOP=1"]);
    const layer = await topLayer(built.imageId, RootFS.Layers?.[1] ?? "");
    expect([...layer.keys()].filter((path) => /^(?:etc\/(?!(?:passwd|group|shadow|gshadow)$)|srv|usr\/(?:local|sbin)|usr\/share\/[on]|\.)/.test(path))).toEqual(
      [
        "etc/",
        "etc/.wh.issue",
        // Its time is that of the build, because the offers were announced in it.
        "etc/apt/",
        "etc/apt/sources.list.d/",
        "etc/hooked",
        "etc/made",
        "etc/service.conf",
        "srv/",
        "srv/daemon/",
        "srv/own/",
        "srv/own/deep.txt",
        "usr/local/",
        "usr/local/bin/",
        "usr/local/bin/run",
        "usr/sbin/",
        "usr/sbin/serviced",
        "usr/share/offered",
      ],
    );
    expect(layer.get("usr/local/bin/run")).toMatchObject({ mode: 0o644, uid: 0 });
    expect(layer.get("srv/daemon/")).toMatchObject({ mode: 0o700, uid: 1 });
    expect(layer.get("srv/own/deep.txt")).toMatchObject({ mode: 0o640, uid: 900 });
    expect([...layer.keys()].filter((path) => path.includes("rbuild") || path.startsWith("var/lib/apt/lists/"))).toEqual([]);
    const tree = await readImage(lab.docker, built.imageId);
    expect(tree.get("var/lib/apt/extended_states")?.text.match(/^Package: (?:helper|service|offered|also-offered)$/gm)).toEqual([
      "Package: helper",
      "Package: also-offered",
    ]);
    expect(await lab.build("top", { force: true })).toEqual(built);
  });

  test("carries a newer version of a package on top of an image that has the older one", async () => {
    const told = (version: string) => ({
      preinst: `#!/bin/sh\necho "preinst ${version}: $*"\n`,
      prerm: `#!/bin/sh\necho "prerm ${version}: $*"\n`,
      postinst: `#!/bin/sh\necho "postinst ${version}: $*"\n`,
    });
    const service = (version: string, files: TestPackage["files"]) => ({
      name: "service",
      version,
      files: { "/etc/service.conf": `of ${version}\n`, ...files },
      scripts: { ...told(version), conffiles: "/etc/service.conf\n" },
    });
    await lab.define("lower", { from: "base" }, { packages: [service("1", { "/usr/share/service/old": "1\n", "/usr/share/service/both": "1\n" })] });
    await lab.define("upper", { from: "lower" }, { packages: [service("2", { "/usr/share/service/both": "2\n", "/usr/share/service/new": "2\n" })] });
    lab.events.length = 0;
    const built = await lab.build("upper");
    const said = lab.events.flatMap((event) => (event.kind === "log.written" && /^p(?:re|ost)/.test(event.text) ? [event.text.trim()] : []));
    expect(said).toEqual(["preinst 1: install", "postinst 1: configure", "prerm 1: upgrade 2", "preinst 2: upgrade 1 2", "postinst 2: configure 1"]);
    const { RootFS } = await lab.docker.getImage(built.reference).inspect();
    const layer = await topLayer(built.imageId, RootFS.Layers?.at(-1) ?? "");
    expect([...layer.keys()].filter((path) => path.startsWith("usr/share/service/"))).toEqual([
      "usr/share/service/",
      "usr/share/service/.wh.old",
      "usr/share/service/both",
      "usr/share/service/new",
    ]);
    const tree = await readImage(lab.docker, built.imageId);
    expect(tree.get("etc/service.conf")?.text).toBe("of 2\n");
    expect(tree.get("var/lib/dpkg/status")?.text.match(/^Package: service\n(?:.+\n)*?Version: .*$/gm)).toEqual([expect.stringMatching(/Version: 2$/)]);
    expect([...tree.keys()].filter((path) => /dpkg-(?:old|new|dist|tmp)$/.test(path))).toEqual([]);
    expect(await lab.build("upper", { force: true })).toEqual(built);
  });

  test("carries a locale that its own locale-gen makes", async () => {
    const generate = "#!/bin/sh -e\nread -r locale charset </etc/locale.gen\nmkdir -p /usr/lib/locale\necho $charset >/usr/lib/locale/$locale\n";
    const locales = {
      name: "makes-locales",
      version: "1",
      files: { "/usr/sbin/locale-gen": { content: generate, mode: 0o755 }, "/usr/share/i18n/SUPPORTED": "de_DE.UTF-8 UTF-8\nde_DE@euro ISO-8859-15\n" },
    };
    await lab.define("german", { from: "base", locale: "de_DE.UTF-8" }, { packages: [locales] });
    const built = await lab.build("german");
    const tree = await readImage(lab.docker, built.imageId);
    const texts = ["etc/locale.gen", "usr/lib/locale/de_DE.UTF-8", "etc/default/locale"].map((path) => tree.get(path)?.text);
    expect(texts).toEqual(["de_DE.UTF-8 UTF-8\n", "UTF-8\n", "LANG=de_DE.UTF-8\n"]);
    expect((await lab.docker.getImage(built.imageId).inspect()).Config.Env).toContain("LANG=de_DE.UTF-8");
    await lab.define("unsupported", { from: "base", locale: "de_DE.ISO-8859-1" }, { packages: [locales] });
    await expect(lab.build("unsupported")).rejects.toMatchObject({ code: "image.locale-missing" });
  });

  /** Members of a layer as the engine saves it. */
  async function topLayer(imageId: string, digest: string): Promise<Map<string, { mode: number; uid: number }>> {
    const members = new Map<string, { mode: number; uid: number }>();
    for await (const blob of readTar((await lab.docker.getImage(imageId).get()) as AsyncIterable<Uint8Array> & NodeJS.ReadableStream)) {
      if (blob.path !== byteString(`blobs/sha256/${digest.slice("sha256:".length)}`)) continue;
      for await (const { path, mode, uid } of readTar(blob.body)) members.set(textOf(path), { mode, uid });
    }
    return members;
  }

  test("is refused when another image has its name, and used with the override", async () => {
    const pin = await pinImage({ name: "top", offline: true }, lab.dependencies);
    await lab.docker.getImage("rbuild/base:12.15-2").tag({ repo: "rbuild/top", tag: "1" });
    await expect(ensureImage({ name: "top", offline: true }, lab.dependencies)).rejects.toMatchObject({
      code: "image.pin-mismatch",
      details: { wanted: pin.imageId },
    });
    expect(await ensureImage({ name: "top", offline: true, allowMismatch: true }, lab.dependencies)).toMatchObject({ kind: "overridden" });
  });

  test("is refused when its pin's digest is not the image's, whether the image is there or made", async () => {
    const pin = await pinImage({ name: "top", offline: true, force: true }, lab.dependencies);
    const edited = `sha256:${"1".repeat(64)}`;
    await writePin(join(lab.directory, "images/top"), { ...pin, digest: edited });
    const refusal = { code: "image.pin-mismatch", details: { wantedDigest: edited, foundDigest: pin.digest } };
    await expect(ensureImage({ name: "top", offline: true }, lab.dependencies)).rejects.toMatchObject({ ...refusal, details: { how: "present" } });
    // As it was fetched: without a record of its build.
    const state = await mkdtemp(join(lab.directory, "state-"));
    await symlink(join(lab.dependencies.stateDirectory, "pool"), join(state, "pool"));
    expect(await buildImage({ name: "top", offline: true }, { ...lab.dependencies, stateDirectory: state })).toMatchObject({ digest: pin.digest });
    await lab.docker.getImage("rbuild/top:1").remove({ force: true });
    await expect(ensureImage({ name: "top", offline: true }, lab.dependencies)).rejects.toMatchObject({ ...refusal, details: { how: "reproduced" } });
    expect(await pinImage({ name: "top", offline: true }, lab.dependencies)).toEqual(pin);
  });

  test("is reproduced from its lock when it is absent, and accepted because it is the pinned one", async () => {
    await lab.docker.getImage("rbuild/top:1").remove({ force: true });
    for (const { Id, RepoTags } of await lab.docker.listImages())
      if (!RepoTags?.some((tag) => tag.includes("base"))) await lab.docker.getImage(Id).remove({ force: true });
    expect(await ensureImage({ name: "top", offline: true }, lab.dependencies)).toMatchObject({ kind: "exact", how: "reproduced" });
  });

  test("leaves neither containers nor working images behind", async () => {
    expect(await lab.docker.listContainers({ all: true })).toEqual([]);
    const tags = (await lab.docker.listImages()).flatMap(({ RepoTags }) => RepoTags ?? []);
    expect(new Set(tags)).toEqual(new Set(["rbuild/base:12.15-2", "rbuild/top:1"]));
  });
});
