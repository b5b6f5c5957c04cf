import { execFileSync } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { afterAll, expect } from "vitest";
import { decompress } from "../../src/engine/content/decompress.ts";
import { loadArchive } from "../../src/engine/images/load-archive.ts";
import { aclFromText } from "../../src/engine/snapshots/acl-text.ts";
import { LayerEntries } from "../../src/engine/snapshots/layer-entries.ts";
import { LowerView } from "../../src/engine/snapshots/lower-view.ts";
import { digestOf } from "../../src/oci/index.ts";
import { capsuleManifestText, parseCapsuleManifest } from "../../src/rbuild/capsule/capsule-manifest.ts";
import { unpackCapsule } from "../../src/rbuild/capsule/unpack-capsule.ts";
import { withDeb } from "../../src/rbuild/debian/deb-file.ts";
import { type ByteString, decodeXz, readTar, relativeTarPath } from "../../src/system/index.ts";
import { breakoutCases } from "../support/breakout/cases.ts";
import { capsuleManifest } from "../support/capsule-manifest.ts";
import { arOf, DEBIAN_BINARY, debOf } from "../support/deb-bytes.ts";
import { fuzz } from "../support/fuzz/fuzz.ts";
import { gnuTars } from "../support/fuzz/gnu-tars.ts";
import { memoryContent } from "../support/fuzz/memory-content.ts";
import { restoreChecksums } from "../support/fuzz/tar-checksums.ts";
import { entry, file, once, tarOf } from "../support/tar-entries.ts";

const place = await mkdtemp("/var/tmp/rbuild-fuzz-");
afterAll(() => rm(place, { recursive: true, force: true }));

const tars = gnuTars();
const hostile = breakoutCases("/var/tmp/outside").flatMap(({ tar }) => (tar.byteLength < 8192 ? [tar] : []));
const drain = async (bytes: AsyncIterable<unknown>) => {
  for await (const _ of bytes);
};
const TAR = /^tar\.(?:malformed|truncated|limit-exceeded)$/;
const tokens = ["ustar\x0000", "ustar  \0", "GNU.sparse.", "SCHILY.xattr.", "30 path=../x\n", "../../", ".wh."];

fuzz("tar", {
  seeds: tars,
  mend: restoreChecksums,
  tokens,
  parse: async (bytes) => {
    for await (const { body } of readTar(once(bytes))) await drain(body);
  },
  codes: TAR,
});

const lower = () => new LowerView([place], FLAVOR);
const FLAVOR = { xattrPrefix: "trusted.overlay.", mountOptions: [] } as const;
fuzz("layers: no path that is handed on leads outside or through a link", {
  seeds: async () => {
    const refused = await Promise.all(
      hostile.map((tar) =>
        translated(tar).then(
          () => false,
          () => true,
        ),
      ),
    );
    return [...tars, ...hostile.filter((_, index) => !refused[index])];
  },
  mend: restoreChecksums,
  tokens,
  parse: async (bytes) => {
    const links = new Set<string>();
    for (const { path, kind } of await translated(bytes)) {
      const plain = path.replace(/\/$/, "");
      expect(path === "./" || relativeTarPath(path) === plain).toBe(true);
      const parts = plain.split("/");
      for (let count = 1; count < parts.length; count++) expect(links.has(parts.slice(0, count).join("/"))).toBe(false);
      if (kind === "directory") expect(links.has(plain)).toBe(false);
      else links.add(plain);
    }
  },
  codes: /^(?:tar|layer)\.[a-z-]+$/,
});
async function translated(bytes: Buffer) {
  const made: { path: ByteString; kind: string }[] = [];
  for await (const { path, kind } of new LayerEntries(lower(), FLAVOR).translate(readTar(once(bytes)))) made.push({ path, kind });
  return made;
}

fuzz("ACLs as text", {
  seeds: ["user::rwx\nuser:daemon:r-x:1\ngroup::r--\nmask::rwx\nother::---\n", "u::rw-,g::r--,o::r--,u:1234:rwx,m::r"],
  parse: (bytes) => aclFromText(bytes.toString("latin1"), (_kind, name) => (name === "daemon" ? 1 : undefined)),
});
fuzz("gzip streams", { seeds: [gzipSync(tars[0]!), gzipSync("")], parse: (bytes) => drain(decompress(once(bytes))), codes: /^image\.decompression-failed$/ });
fuzz("other compressed streams", {
  share: 1 / 200,
  sample: 20,
  seeds: [zstdCompressSync(tars[0]!), ...["xz", "bzip2"].map((tool) => execFileSync(tool, ["--stdout"], { input: tars[0] }))],
  parse: (bytes) => drain(decompress(once(bytes))),
  codes: /^image\.decompression-failed$/,
});
fuzz("xz streams, decoded by the library", { seeds: [execFileSync("xz", ["--stdout"], { input: tars[0] })], parse: (bytes) => decodeXz(bytes) });

const control = await tarOf([file("./control", "Package: tiny\nVersion: 1\nArchitecture: all\n"), file("./postinst", "#!/bin/sh\n", { mode: 0o755 })]);
const readDeb = (bytes: Buffer) =>
  withDeb(once(bytes), async ({ data }) => {
    for await (const { body, path } of data) {
      expect(relativeTarPath(path)).toBeDefined();
      await drain(body);
    }
  });
const DEB = /^package\.(?:malformed|truncated|limit-exceeded)$/;
fuzz("packages", { seeds: [arOf([DEBIAN_BINARY, ["control.tar", control], ["data.tar", tars[0]!]])], parse: readDeb, codes: DEB });
fuzz("packages, compressed", { seeds: [await debOf([file("./a", "text"), entry("./b", "directory")])], parse: readDeb, codes: DEB });
fuzz("packages, what is in their archives", {
  seeds: tars,
  mend: restoreChecksums,
  tokens,
  parse: (bytes) => readDeb(arOf([DEBIAN_BINARY, ["control.tar", control], ["data.tar", bytes]])),
  codes: DEB,
});

const manifest = JSON.stringify([{ Config: "config.json", Layers: ["layer.tar"], RepoTags: ["a:1"] }]);
const config = JSON.stringify({ os: "linux", architecture: "amd64", config: {}, rootfs: { type: "layers", diff_ids: [digestOf(tars[0]!)] } });
fuzz("archives of images", {
  seeds: [
    await tarOf([file("manifest.json", manifest), file("config.json", config), { ...file("layer.tar"), size: tars[0]!.byteLength, body: [tars[0]!] }]),
    await ociLayout(),
  ],
  mend: restoreChecksums,
  parse: (bytes) => loadArchive(once(bytes), memoryContent(), {}),
  codes:
    /^(?:image\.(?:invalid|incomplete|too-large|decompression-failed)|layer\.diff-id-mismatch|tar\.(?:truncated|limit-exceeded)|content\.(?:digest-mismatch|size-mismatch|not-found|too-large|corrupt)|oci\.format)$/,
});

const member = Buffer.from("read me\n");
const capsule = capsuleManifest([{ path: "a/README", mode: "0644", size: member.byteLength, sha256: digestOf(member) }]);
fuzz("manifests of capsules", { seeds: [capsuleManifestText(capsule)], parse: parseCapsuleManifest, codes: /^capsule\.invalid$/ });
let serial = 0;
fuzz("capsules: nothing is written but what the manifest names, as it names it", {
  share: 0.2,
  seeds: [await tarOf([file("capsule/capsule.json", capsuleManifestText(capsule)), file("capsule/a/README", member.toString())])],
  mend: restoreChecksums,
  parse: async (bytes) => {
    const directory = join(place, String(serial++));
    try {
      await unpackCapsule(once(bytes), directory);
    } finally {
      const made = await readdir(directory, { recursive: true }).catch(() => []);
      expect(made.filter((name) => !["a", "a/README", "capsule.json"].includes(name)).every((name) => bytes.includes(name.split("/").at(-1)!))).toBe(true);
      await rm(directory, { recursive: true, force: true });
    }
  },
  codes: /^capsule\.(?:invalid|damaged)$/,
});

async function ociLayout(): Promise<Buffer> {
  const layer = tars[0]!;
  const descriptor = (mediaType: string, bytes: Buffer) => ({ mediaType, digest: digestOf(bytes), size: bytes.byteLength });
  const image = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      config: descriptor("application/vnd.oci.image.config.v1+json", Buffer.from(config)),
      layers: [descriptor("application/vnd.oci.image.layer.v1.tar", layer)],
    }),
  );
  const index = JSON.stringify({ schemaVersion: 2, manifests: [descriptor("application/vnd.oci.image.manifest.v1+json", image)] });
  const blob = (bytes: Buffer) => ({ ...file(`blobs/sha256/${digestOf(bytes).slice(7)}`), size: bytes.byteLength, body: [bytes] });
  return tarOf([file("oci-layout", '{"imageLayoutVersion":"1.0.0"}'), file("index.json", index), blob(image), blob(Buffer.from(config)), blob(layer)]);
}
