import { expect, test } from "vitest";
import { parsePrintedUris } from "../../../../src/rbuild/mirror/apt-archives.ts";

test("finds each archive and suite once in what APT prints, with or without index files on the host", () => {
  const printed = `'http://mirror.example/debian/dists/bookworm/InRelease' mirror.example_debian_dists_bookworm_InRelease 0 
'http://mirror.example/debian/dists/bookworm/main/binary-amd64/Packages.xz' mirror.example_x 0 
'http://mirror.example/debian-security//dists/bookworm-security/InRelease' x 0 
'https://other.example/deep/path/dists/trixie/Release' x 0 
'http://mirror.example/debian/dists/bookworm/InRelease' again 0 
`;
  expect(parsePrintedUris(printed)).toEqual([
    { url: "http://mirror.example/debian", suite: "bookworm" },
    { url: "http://mirror.example/debian-security", suite: "bookworm-security" },
    { url: "https://other.example/deep/path", suite: "trixie" },
  ]);
});

test("leaves out flat repositories and lines that are no URIs", () => {
  expect(parsePrintedUris("'http://x.example/flat/./InRelease' x 0 \nReading package lists...\n\n")).toEqual([]);
});
