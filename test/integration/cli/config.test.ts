import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, it } from "vitest";
import { jsonLines, rbuild } from "../../support/rbuild-command.ts";
import { scratchDirectory } from "../../support/scratch.ts";

let home: string;
const config = (args: readonly string[]) => rbuild(["config", ...args], { env: { RBUILD_CONFIG_HOME: home } });

beforeEach(async () => {
  home = join(await scratchDirectory(), "not yet there");
});

it("keeps settings until they are taken away", async () => {
  expect(await config(["get", "proxy"])).toMatchObject({ exitCode: 1, stdout: "" });
  expect(await config(["set", "proxy", "none"])).toEqual({ exitCode: 0, stdout: "", stderr: "" });
  expect(await config(["set", "engine-root", "/srv/engine"])).toMatchObject({ exitCode: 0 });
  expect(await config(["get", "proxy"])).toEqual({ exitCode: 0, stdout: "none\n", stderr: "" });
  expect((await config(["list"])).stdout).toBe("proxy=none\nengine-root=/srv/engine\n");
  expect(jsonLines((await config(["list", "--json"])).stdout)).toMatchObject([{ kind: "result", data: { proxy: "none", "engine-root": "/srv/engine" } }]);
  expect(await config(["unset", "proxy"])).toMatchObject({ exitCode: 0 });
  expect((await config(["list"])).stdout).toBe("engine-root=/srv/engine\n");
});

it("lets nobody else read them", async () => {
  await config(["set", "proxy", "http://user:secret@proxy:3142"]);
  expect((await stat(join(home, "config.json"))).mode & 0o077).toBe(0);
});

it("refuses a value that no command could use, and leaves the file alone", async () => {
  await config(["set", "ui", "plain"]);
  const before = await readFile(join(home, "config.json"), "utf8");
  expect(await config(["set", "ui", "fancy"])).toMatchObject({ exitCode: 2 });
  expect(await readFile(join(home, "config.json"), "utf8")).toBe(before);
});

it.each([
  ["{", "config.unreadable"],
  ['{"tea":"x"}', "config.unknown-key"],
  ['{"ui":"fancy"}', "cli.invalid-value"],
])("names the file that has %s in it", async (text, code) => {
  await config(["set", "ui", "plain"]);
  await writeFile(join(home, "config.json"), text);
  const { exitCode, stderr } = await rbuild(["doctor"], { env: { RBUILD_CONFIG_HOME: home } });
  expect(exitCode).toBe(2);
  expect(stderr).toContain(`[${code}]`);
  expect(stderr).toContain(join(home, "config.json"));
});
