import { expect, test } from "vitest";
import type { Digest } from "../../../../src/oci/index.ts";
import type { PoolSource } from "../../../../src/rbuild/pool/pool.ts";
import { placeOf, redactUrl } from "../../../../src/rbuild/pool/source-places.ts";

const hex = "ab".repeat(32);
const item = { archive: "debian", path: "pool/main/g/g++/g++_12.2~1+b1_amd64.deb", size: 1, sha256: `sha256:${hex}` as Digest };
const template = (text: string, timestamp?: string): PoolSource => ({ kind: "template", template: text, ...(timestamp === undefined ? {} : { timestamp }) });

test.each<[PoolSource, unknown]>([
  [
    { kind: "directory", path: "/media/stick" },
    { kind: "file", path: `/media/stick/sha256/ab/${hex}` },
  ],
  [
    { kind: "publisher", url: "https://example.org/p/" },
    { kind: "url", url: `https://example.org/p/sha256/ab/${hex}` },
  ],
  [
    { kind: "mirror", archive: "debian", url: "http://example.org/debian/", proxy: "http://p:1" },
    { kind: "url", url: "http://example.org/debian/pool/main/g/g%2B%2B/g%2B%2B_12.2~1%2Bb1_amd64.deb", proxy: "http://p:1" },
  ],
  [{ kind: "mirror", archive: "debian-security", url: "http://example.org" }, { kind: "none" }],
  [template("https://example.org/{archive}/{timestamp}/{path}"), { kind: "none" }],
  [
    template("https://example.org/{archive}/{timestamp}/{name}?h={sha256}&x={other}", "20260711T094637Z"),
    { kind: "url", url: `https://example.org/debian/20260711T094637Z/g%2B%2B_12.2~1%2Bb1_amd64.deb?h=${hex}&x={other}` },
  ],
])("an item's place at %j", (source, place) => {
  expect(placeOf(item, source, {})).toEqual(place);
});

test("publishers are reached through the environment's proxy unless it says otherwise", () => {
  const place = (no_proxy: string) => placeOf(item, { kind: "publisher", url: "http://a.example.org" }, { http_proxy: "http://p:1", no_proxy });
  expect(place("")).toMatchObject({ proxy: "http://p:1" });
  expect(place("example.org")).not.toHaveProperty("proxy");
});

test("names of sources have no credentials", () => {
  expect(redactUrl("https://me:pw@h/p, http://token@h/x?key=1 and /plain@path")).toBe("https://***@h/p, http://***@h/x?*** and /plain@path");
});
