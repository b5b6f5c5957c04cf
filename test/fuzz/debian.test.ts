import { readdir, readFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";
import { parseChangelog } from "../../src/rbuild/debian/changelog.ts";
import { parseStanzas } from "../../src/rbuild/debian/deb822.ts";
import { readPackagesIndex } from "../../src/rbuild/debian/packages-index.ts";
import { parseRelease } from "../../src/rbuild/debian/release-file.ts";
import { compareVersions, isVersion } from "../../src/rbuild/debian/version.ts";
import { readAccounts } from "../../src/rbuild/images/additions/accounts.ts";
import { parseRelations } from "../../src/rbuild/images/packages/relations.ts";
import { parsePackages } from "../../src/rbuild/iso/export/packages.ts";
import { parseSimulation } from "../../src/rbuild/lock/apt/solve.ts";
import { readCertificates } from "../../src/rbuild/lock/archive/certificates.ts";
import { verifyInRelease } from "../../src/rbuild/lock/archive/in-release.ts";
import { readDpkgStatus } from "../../src/rbuild/lock/diff/dpkg-status.ts";
import { parsePrintedUris } from "../../src/rbuild/mirror/apt-archives.ts";
import { parseAptConfig } from "../../src/rbuild/mirror/apt-proxy.ts";
import { fuzz } from "../support/fuzz/fuzz.ts";

const fixture = (name: string) => readFile(new URL(`../fixtures/in-release/${name}`, import.meta.url));
/** The first stanzas of what is installed here: as Packages has them, with a line more. */
const stanzas = async (count: number) => (await readFile("/var/lib/dpkg/status", "utf8")).split("\n\n").slice(0, count).join("\n\n");
const asIndex = (text: string) =>
  text.replaceAll(/^Status: .*$/gm, `Filename: pool/main/p/p_1_amd64.deb\nSize: 12345\nSHA256: ${"a".repeat(64)}`).replaceAll(/^Conffiles:\n(?: .*\n)*/gm, "");

fuzz("InRelease files", {
  seeds: async () => [await fixture("strong.InRelease")],
  parse: async (bytes) => verifyInRelease(bytes, await keyring, 1_800_000_000, { archive: "test", suite: "test" }),
  codes:
    /^(?:lock\.(?:unsigned|bad-signature|unknown-signer|expired-key|other-suite|archive-expired|clock-behind|keyring-invalid)|debian\.malformed-(?:release|stanza))$/,
  tokens: ["-----BEGIN PGP SIGNED MESSAGE-----", "-----BEGIN PGP SIGNATURE-----", "-----END PGP SIGNATURE-----", "Hash: SHA512\n", "- "],
});
const keyring = fixture("archive.gpg");

fuzz("keyrings of archives", {
  seeds: () => Promise.all([fixture("archive.gpg"), fixture("archive.asc"), fixture("revoked.gpg")]),
  parse: readCertificates,
  codes: /^lock\.keyring-invalid$/,
});
fuzz("Release files", {
  seeds: async () => {
    const signed = gunzipSync(await readFile(await firstInRelease())).toString("latin1");
    const text = signed.slice(signed.indexOf("\n\n") + 2, signed.indexOf("-----BEGIN PGP SIGNATURE"));
    return [text.slice(0, text.indexOf("SHA256:") + 2000)];
  },
  parse: (bytes) => parseRelease(bytes.toString("latin1")),
  codes: /^debian\.malformed-(?:release|stanza)$/,
});
fuzz("stanzas", { seeds: async () => [await stanzas(4)], parse: (bytes) => parseStanzas(bytes.toString("latin1")), codes: /^debian\.malformed-stanza$/ });
fuzz("Packages files", {
  seeds: async () => [asIndex(await stanzas(5))],
  parse: (bytes) => {
    const index = readPackagesIndex(bytes);
    return [...index.names].map((name) => index.find(name));
  },
  codes: /^debian\.malformed-stanza$/,
});
fuzz("the state of dpkg", { seeds: async () => [await stanzas(5)], parse: (bytes) => readDpkgStatus(bytes.toString()), codes: /^debian\.malformed-stanza$/ });
fuzz("relations of packages", {
  seeds: ["libc6 (>= 2.36), libgcc-s1 | libgcc1 (<< 1:2) [amd64] <!nocheck>, mawk:any", "a|b|c, d"],
  parse: (bytes) => parseRelations(bytes.toString("latin1")),
});
fuzz("versions of packages", {
  seeds: ["1:2.36-9+deb12u10~bpo1", "0", "1.0~rc1-1.1+b2"],
  parse: (bytes) => [isVersion(bytes.toString("latin1")), compareVersions(bytes.toString("latin1"), "1:2.36-9+deb12u10")],
});
fuzz("changelogs", {
  seeds: ["apt (2.6.1) unstable; urgency=medium\n\n  * Fix CVE-2024-1234.\n  * Closes: #1\n\n -- A B <a@example.org>  Thu, 25 May 2023 14:10:36 +0200\n"],
  parse: (bytes) => parseChangelog(bytes.toString()),
});
fuzz("what apt-get says that it would do", {
  seeds: ["Inst libc6 [2.36-1] (2.36-9 Debian:12.5/stable [amd64]) []\nConf libc6 (2.36-9 Debian:12.5/stable [amd64])\nRemv x [1]\nInst a (1 t [all])\n"],
  parse: (bytes) => parseSimulation(bytes.toString()),
  codes: /^lock\.[a-z-]+$/,
});
fuzz("what apt-get says that it would fetch", {
  seeds: ["'http://deb.example/debian/dists/x/InRelease' deb.example_debian_dists_x_InRelease 0 \n'http://h/d/p.deb' p.deb 12 SHA256:ab\n"],
  parse: (bytes) => parsePrintedUris(bytes.toString()),
});
fuzz("settings of APT", {
  seeds: ['Acquire::http::Proxy "http://127.0.0.1:3142";\nAcquire::https "";\nDPkg::Post-Invoke:: "rm -f x || true";\n'],
  parse: (bytes) => parseAptConfig(bytes.toString()),
});
fuzz("users and groups of an image", {
  seeds: ["root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1::/:/bin/false\n"],
  parse: (bytes) => readAccounts({ passwd: bytes.toString(), group: bytes.toString() }),
});
fuzz("lists of packages that a build writes", { seeds: ["libc6\t2.36-9\tamd64\nbash\t5.2\tamd64\n"], parse: (bytes) => parsePackages(bytes.toString()) });

async function firstInRelease(): Promise<URL> {
  const directory = new URL("../../images/base/image.lock.d/", import.meta.url);
  const name = (await readdir(directory)).find((each) => each.endsWith(".InRelease.gz"));
  return new URL(name!, directory);
}
