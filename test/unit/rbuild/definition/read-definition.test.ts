import { access, readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { parseDefinition } from "../../../../src/rbuild/definition/read-definition.ts";

const BASE = `name: base
version: 1-1
suites:
  - suite: bookworm
    components: [main]
variant: minbase
`;

const faultsOf = (text: string): readonly unknown[] => {
  try {
    parseDefinition(text, "image.yaml");
  } catch (error) {
    return (error as { details: { problems: readonly unknown[] } }).details.problems;
  }
  return [];
};

test("reads an image of a suite", () => {
  expect(parseDefinition(BASE, "image.yaml")).toMatchObject({ name: "base", suites: [{ suite: "bookworm", components: ["main"], archive: "debian" }] });
});

test("reads an image on top of another", () => {
  const text = "name: top\nversion: '1'\nfrom: base\npackages: [make, g++]\ndockerfile: Dockerfile\nenvironment: { A_B: x }\nexposedPorts: [80/tcp]\n";
  expect(parseDefinition(text, "image.yaml")).toMatchObject({ from: "base", packages: ["make", "g++"] });
});

test("names file, line and field of every fault", () => {
  expect(faultsOf(BASE.replace("minbase", "tiny").replace("[main]", "[Main Stream]"))).toEqual([
    { line: 5, column: 18, field: "suites.0.components.0", message: "must be a component such as main" },
    { line: 6, column: 10, field: "variant", message: expect.stringContaining("minbase") },
  ]);
  expect(() => parseDefinition("name: base\n", "dir/image.yaml")).toThrow(/^dir\/image\.yaml:1: /);
});

test("names a field that does not exist, with its line", () => {
  expect(faultsOf(`${BASE}packagez: [make]\n`)).toEqual([{ line: 7, column: 11, field: "packagez", message: "is no field known here" }]);
});

test.each([
  ["", "must be fields with values, and is empty"],
  ["- a\n", "must be fields with values, and is a list"],
  [BASE.replace("1-1", "1.10"), "must be text, and is a number: put it in quotes"],
  [BASE.replace("version: 1-1\n", ""), "must be text, and is not there"],
  [`${BASE}packages: make\n`, "must be a list, and is text"],
  [`${BASE}packages:\n`, "must be a list, and is empty"],
  [`${BASE}environment: { A: true }\n`, "must be text, and is true or false: put it in quotes"],
  [`${BASE}---\n${BASE}`, "a second document begins here, and one is understood"],
])("says of %j what must be there and what is", (text, message) => {
  expect(faultsOf(text)).toMatchObject([{ message }]);
});

test("says of a text with a thousand faults no more than a person reads", () => {
  expect(faultsOf(`a: ${"[".repeat(20_000)}`)).toMatchObject([{ message: "it is nested too deeply" }]);
  expect(faultsOf(`\t- a\n`.repeat(1000))).toHaveLength(20);
});

const TOP = "name: x\nversion: '1'\nfrom: base\n";

test.each([
  ["neither from nor suites", "name: x\nversion: '1'\n", "from"],
  ["a variant of an image on another", `${TOP}variant: minbase\n`, "variant"],
  ["offers without a Dockerfile", `${TOP}offers: [make]\n`, "offers"],
  ["an offer that is installed already", `${TOP}dockerfile: Dockerfile\npackages: [make]\noffers: [make]\n`, "offers.0"],
  ["an archive that nobody knows", "name: x\nversion: '1'\nsuites: [{ suite: stable, archive: mine }]\n", "suites.0.url"],
  ["a file with content and source", `${TOP}files: [{ path: /a, content: x, source: y }]\n`, "files.0"],
  ["a file twice", `${TOP}files: [{ path: /a, content: x }, { path: /a, content: y }]\n`, "files.1.path"],
  ["a file below another root", `${TOP}files: [{ path: /../a, content: x }]\n`, "files.0.path"],
  ["a mode that is a number", `${TOP}files: [{ path: /a, content: x, mode: 644 }]\n`, "files.0.mode"],
  ["a uid twice", `${TOP}users: [{ name: a, uid: 1000 }, { name: b, uid: 1000 }]\n`, "users.1.uid"],
  ["a hook elsewhere", `${TOP}hooks: [../hook]\n`, "hooks.0"],
  ["a locale that nothing can make", "name: x\nversion: '1'\nvariant: extract\nlocale: de_DE.UTF-8\nsuites: [{ suite: stable }]\n", "locale"],
  ["a Dockerfile elsewhere", "name: x\nversion: '1'\nfrom: base\ndockerfile: ../Dockerfile\n", "dockerfile"],
  ["a package twice", "name: x\nversion: '1'\nfrom: base\npackages: [make, make]\n", "packages"],
  ["a package name that is an option", "name: x\nversion: '1'\nfrom: base\npackages: [--allow-unauthenticated]\n", "packages.0"],
])("refuses %s", (_, text, field) => {
  expect(faultsOf(text)).toContainEqual(expect.objectContaining({ field }));
});

test.each(["base", "builder", "apt-cacher-ng"])("the definition of %s names its schema for editors", async (name) => {
  const text = await readFile(resolve(import.meta.dirname, `../../../../images/${name}/image.yaml`), "utf8");
  const path = /^# yaml-language-server: \$schema=(.*)$/m.exec(text)?.[1] ?? "";
  await expect(access(resolve(import.meta.dirname, `../../../../images/${name}`, path))).resolves.toBeUndefined();
  expect(parseDefinition(text, "image.yaml").name).toBe(name);
});

test("is not brought down by nesting", () => {
  for (const deep of ["[".repeat(50_000), "{a: ".repeat(50_000), `artifacts:\n${"- ".repeat(50_000)}`, "? ".repeat(20_000)])
    expect(faultsOf(deep)).not.toEqual([]);
});

test("says where YAML itself is broken", () => {
  expect(faultsOf("name: [base\nversion: 1\n")).toContainEqual(expect.objectContaining({ field: "" }));
  expect(faultsOf("name: a\nname: b\n")[0]).toMatchObject({ line: 2 });
});
