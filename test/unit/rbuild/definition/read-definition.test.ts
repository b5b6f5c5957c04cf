import { expect, test } from "vitest";
import { parseDefinition } from "../../../../src/rbuild/definition/read-definition.ts";

const BASE = `name: base
version: 1-1
sourceDateEpoch: 1700000000
bootstrap:
  suite: bookworm
  components: [main]
  variant: minbase
  archive:
    version: "12.15"
    inRelease: sha256:${"0".repeat(64)}
`;

const faultsOf = (text: string): readonly unknown[] => {
  try {
    parseDefinition(text, "image.yaml");
  } catch (error) {
    return (error as { details: { problems: readonly unknown[] } }).details.problems;
  }
  return [];
};

test("reads a bootstrapped image", () => {
  expect(parseDefinition(BASE, "image.yaml")).toMatchObject({ name: "base", bootstrap: { suite: "bookworm", packages: [] } });
});

test("reads an image on top of another", () => {
  const text = "name: top\nversion: '1'\nfrom: base\npackages: [make, g++]\ndockerfile: Dockerfile\nenvironment: { A_B: x }\nexposedPorts: [80/tcp]\n";
  expect(parseDefinition(text, "image.yaml")).toMatchObject({ from: "base", packages: ["make", "g++"] });
});

test("names file, line and field of every fault", () => {
  expect(faultsOf(BASE.replace("minbase", "tiny").replace("[main]", "[Main Stream]"))).toEqual([
    { line: 6, column: 16, field: "bootstrap.components.0", message: "must be a component such as main" },
    { line: 7, column: 12, field: "bootstrap.variant", message: expect.stringContaining("minbase") },
  ]);
  expect(() => parseDefinition("name: base\n", "dir/image.yaml")).toThrow(/^dir\/image\.yaml:1: /);
});

test("names a field that does not exist, with its line", () => {
  expect(faultsOf(`${BASE}packagez: [make]\n`)).toEqual([{ line: 11, column: 11, field: "packagez", message: "is no field known here" }]);
});

test.each([
  ["neither from nor bootstrap", "name: x\nversion: '1'\n", "from"],
  ["both", `${BASE}from: other\n`, "bootstrap"],
  ["a bootstrap without its time", BASE.replace(/sourceDateEpoch.*\n/, ""), "sourceDateEpoch"],
  ["a Dockerfile under a bootstrap", `${BASE}dockerfile: Dockerfile\n`, "dockerfile"],
  ["a Dockerfile elsewhere", "name: x\nversion: '1'\nfrom: base\ndockerfile: ../Dockerfile\n", "dockerfile"],
  ["a package twice", "name: x\nversion: '1'\nfrom: base\npackages: [make, make]\n", "packages"],
  ["a package name that is an option", "name: x\nversion: '1'\nfrom: base\npackages: [--allow-unauthenticated]\n", "packages.0"],
])("refuses %s", (_, text, field) => {
  expect(faultsOf(text)).toContainEqual(expect.objectContaining({ field }));
});

test("says where YAML itself is broken", () => {
  expect(faultsOf("name: [base\nversion: 1\n")).toContainEqual(expect.objectContaining({ field: "" }));
  expect(faultsOf("name: a\nname: b\n")[0]).toMatchObject({ line: 2 });
});
