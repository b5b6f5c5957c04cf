import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll } from "vitest";
import { parseDockerignore } from "../../src/engine/build/context/dockerignore.ts";
import { parseDockerfile } from "../../src/engine/build/parse/parse.ts";
import { planBuild } from "../../src/engine/build/plan/plan.ts";
import { parseDefinition } from "../../src/rbuild/definition/read-definition.ts";
import { PIN_FILE, readPin } from "../../src/rbuild/images/pin/pin-file.ts";
import { parseRbuildYaml } from "../../src/rbuild/iso/config/read-rbuild-yaml.ts";
import { parseTreeLock } from "../../src/rbuild/iso/locked/read-tree-lock.ts";
import { parseLock } from "../../src/rbuild/lock/read-lock.ts";
import { fuzz } from "../support/fuzz/fuzz.ts";

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
const dockerfiles = readdirSync(new URL("../fixtures/dockerfiles", import.meta.url), { recursive: true, withFileTypes: true })
  .filter((each) => each.isFile() && each.name.endsWith("Dockerfile"))
  .map((each) => readFileSync(join(each.parentPath, each.name), "utf8"))
  .filter((text) => text.length < 6000);

/** A lock with the first of its packages alone: short enough that changes meet something. */
function shortened(path: string): string {
  const isLong = (value: unknown): value is unknown[] => Array.isArray(value) && value.length > 2 && typeof value[0] === "object";
  const lock = JSON.parse(read(path), (_key, value: unknown) => (isLong(value) ? value.slice(0, 2) : value)) as unknown;
  return `${JSON.stringify(lock, undefined, 2)}\n`;
}

fuzz("Dockerfiles", {
  seeds: [...dockerfiles.filter((text) => isRead(text)), read("images/apt-cacher-ng/Dockerfile").replace("${RBUILD_BASE}", "base")],
  parse: (bytes) => planBuild(parseDockerfile(bytes.toString())),
  codes: /^dockerfile\.syntax$/,
  tokens: [
    "\nFROM a AS b\n",
    "\nRUN <<E\nx\nE\n",
    "${a:-",
    "--from=",
    "\\\n",
    "# escape=`\n",
    "\nCOPY --chown=a:b x y\n",
    "\nHEALTHCHECK --interval=1s CMD x\n",
    "\nONBUILD ",
  ],
});
function isRead(text: string): boolean {
  try {
    planBuild(parseDockerfile(text));
    return true;
  } catch {
    return false;
  }
}
fuzz(".dockerignore", {
  seeds: ["# comment\n*.log\n!keep.log\n**/a/?b/[c-d]*\n/x/\n"],
  parse: (bytes) => parseDockerignore(bytes.toString()).ignores("a/b/c.log"),
  tokens: ["**/", "[", "[^a-", "\\", "*"],
});
const yaml = { tokens: ["&a ", "*a", "<<: *a", "!!binary ", "? ", "|\n", "- - ", "%YAML 1.1\n", "---\n", "{a: 1}", "!!js/function "] };
fuzz("image.yaml", {
  ...yaml,
  seeds: ["base", "builder", "apt-cacher-ng"].map((name) => read(`images/${name}/image.yaml`)),
  parse: (bytes) => parseDefinition(bytes.toString(), "image.yaml"),
  codes: /^(?:image|definition)\.[a-z-]+$/,
});
fuzz("rbuild.yaml", {
  ...yaml,
  seeds: ["live", "tiny"].map((name) => read(`examples/${name}/rbuild.yaml`)),
  parse: (bytes) => parseRbuildYaml(bytes.toString(), "rbuild.yaml"),
  codes: /^iso\.invalid-rbuild-yaml$/,
});
fuzz("locks of images", {
  seeds: ["base", "builder"].map((name) => shortened(`images/${name}/image.lock.json`)),
  parse: (bytes) => parseLock(bytes.toString(), "image.lock.json"),
  codes: /^lock\.(?:invalid|duplicate-package)$/,
});
fuzz("locks of trees", {
  seeds: [shortened("examples/tiny/rbuild.lock.json")],
  parse: (bytes) => parseTreeLock(bytes.toString(), "rbuild.lock.json"),
  codes: /^lock\.(?:invalid|duplicate-package)$/,
});

const place = mkdtempSync("/var/tmp/rbuild-fuzz-");
afterAll(() => rmSync(place, { recursive: true, force: true }));
fuzz("pins of images", {
  seeds: [read("images/base/image.pin.json")],
  parse: (bytes) => {
    writeFileSync(join(place, PIN_FILE), bytes);
    return readPin(place);
  },
  codes: /^image\.pin-invalid$/,
});
