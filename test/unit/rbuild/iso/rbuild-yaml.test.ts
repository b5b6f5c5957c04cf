import { expect, test } from "vitest";
import { DEFAULT_CAPABILITIES } from "../../../../src/rbuild/iso/config/capabilities.ts";
import { parseDuration, parseSize, sizeText } from "../../../../src/rbuild/iso/config/quantities.ts";
import { parseRbuildYaml } from "../../../../src/rbuild/iso/config/read-rbuild-yaml.ts";

const parse = (text: string) => parseRbuildYaml(text, "rbuild.yaml");

test("fills in every default", () => {
  const defaults = parse("");
  expect(defaults).toEqual(parse("# only a comment\n"));
  expect(defaults).toEqual({
    builder: "builder",
    target: "iso",
    artifacts: ["*.iso"],
    capabilities: [...DEFAULT_CAPABILITIES],
    devices: [],
    network: "bridge",
    proxy: "link",
    repositories: [],
    ram: false,
    disk: 2 * 2 ** 30,
    timeout: 21_600_000,
    environment: {},
  });
});

test("takes sizes, durations, a proxy's URL and variables", () => {
  const text =
    'ram: 4G\nmemory: 1.5GiB\ntimeout: 90m\nproxy: http://proxy:3142\ncapabilities: [MKNOD, CHOWN, MKNOD]\nenvironment: {A: 1, B: "x", C: true}\ndevices: [/dev/kvm, loop]\n';
  expect(parse(text)).toMatchObject({
    ram: 4 * 2 ** 30,
    memory: 1.5 * 2 ** 30,
    timeout: 5_400_000,
    proxy: "http://proxy:3142",
    capabilities: ["CHOWN", "MKNOD"],
    environment: { A: "1", B: "x", C: "true" },
    devices: ["/dev/kvm", "loop"],
  });
});

test.each([
  ["targt: iso", /^rbuild\.yaml:1(?::\d+)?: targt: .*did you mean target\?$/],
  ["target: iso\n\nwhatever: 1", /^rbuild\.yaml:3(?::\d+)?: whatever: .*the fields are builder, target/],
  ["target: iso\ntarget: live", /^rbuild\.yaml:2.*unique/i],
  ["artifacts: ['../x']", /^rbuild\.yaml:1.*artifacts\.0: must not have empty parts/],
  ["artifacts: [/etc/passwd]", /artifacts\.0: must be a pattern relative/],
  ["capabilities:\n  - SYS_MODULE", /^rbuild\.yaml:2.*must be one of AUDIT_WRITE/],
  ["devices: [/dev/mem]", /devices\.0/],
  ["devices: [/dev/../etc/shadow]", /devices\.0/],
  ["environment: {PATH: /x}", /PATH.*set by rbuild/],
  ["environment: {RBUILD_GIT_COMMIT: x}", /set by rbuild/],
  ["proxy: ftp://x", /proxy: must be none, link/],
  ["timeout: soon", /timeout: must be a duration/],
  ["target: -k", /target: must be a make target/],
  ["[1, 2]", /rbuild\.yaml:1/],
  ["a: &a [x]\nartifacts: *a", /rbuild\.yaml/],
  ["target: [", /^rbuild\.yaml:1/],
])("refuses %j", (text, message) => {
  expect(() => parse(text)).toThrow(expect.objectContaining({ code: "iso.invalid-rbuild-yaml", message: expect.stringMatching(message) }));
});

test("sizes and durations read as people write them", () => {
  expect([parseSize("512M"), parseSize("4G"), parseSize("10"), parseSize("1KiB"), parseSize("x"), parseSize("-1")]).toEqual([
    536870912,
    4294967296,
    10,
    1024,
    undefined,
    undefined,
  ]);
  expect([parseDuration("90s"), parseDuration("2h"), parseDuration("2")]).toEqual([90_000, 7_200_000, undefined]);
  expect([sizeText(1536), sizeText(5 * 2 ** 30), sizeText(12)]).toEqual(["1.5 KiB", "5 GiB", "12 bytes"]);
});
