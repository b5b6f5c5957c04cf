import { expect, it } from "vitest";
import { jsonLines, RBUILD, rbuild } from "../../support/rbuild-command.ts";

it("shows help on stdout when asked, on stderr as an error when nothing was asked", async () => {
  const asked = await rbuild(["--help"]);
  expect(asked).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("Commands:"), stderr: "" });
  expect(await rbuild([])).toMatchObject({ exitCode: 2, stdout: "", stderr: asked.stdout });
});

it.each([
  [["nonsense"], "unknown command 'nonsense'"],
  [["doctro"], "Did you mean doctor?"],
  [["doctor", "--for", "tea"], "Allowed choices are engine, image, iso, test, bench"],
  [["config", "get"], "missing required argument 'key'"],
  [["-C", "/nonexistent", "config", "list"], "/nonexistent: there is no such directory"],
  [["--host", "ssh://elsewhere", "run", "image"], "is not unix:///path"],
] as const)("refuses %j with exit code 2", async (args, message) => {
  const { exitCode, stdout, stderr } = await rbuild(args);
  expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 2, stdout: "", stderr: expect.stringContaining(message) });
  expect(stderr).not.toMatch(/^\s+at /m);
});

it.each([[[]], [["--json"]]])("does not say that it is done when nobody can read what it found, with %j", async (options) => {
  const full = await rbuild(["-c", 'exec "$0" "$@" > /dev/full', RBUILD, ...options, "completion", "bash"], { launcher: "/bin/sh" });
  expect(full).toMatchObject({ exitCode: 7, stderr: expect.stringContaining("[cli.output-lost]") });
  const gone = await rbuild(["-c", '"$0" "$@" | true; exit "${PIPESTATUS[0]}"', RBUILD, ...options, "completion", "bash"], { launcher: "/bin/bash" });
  expect(gone).toMatchObject({ exitCode: 0, stderr: "" });
});

it("ends with one JSON line that has the error", async () => {
  const { exitCode, stdout, stderr } = await rbuild(["config", "set", "--json", "proxy", "tea"]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: "" });
  expect(jsonLines(stdout)).toEqual([
    {
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      kind: "error",
      command: "config set",
      exitCode: 2,
      code: "cli.invalid-value",
      category: "invalid",
      message: expect.stringContaining('"tea" is not none'),
      details: {},
      causes: [],
    },
  ]);
});

it("shows a stack when asked, and never else", async () => {
  const args = ["-C", "/nonexistent", "config", "list"];
  expect((await rbuild(["--verbose", ...args])).stderr).toMatch(/because: ENOENT[^]*^\s+at /m);
  expect((await rbuild(args, { env: { RBUILD_DEBUG: "1" } })).stderr).toMatch(/^\s+at /m);
});

it("tells who is not root how to become it", async () => {
  const { exitCode, stderr } = await rbuild(["run", "an image", "true"], { prefix: ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] });
  expect(exitCode).toBe(7);
  expect(stderr).toContain("[host.not-root]");
  expect(stderr).toMatch(/sudo \S+bin\/rbuild run 'an image' true/);
});

it("says when no Docker API answers", async () => {
  const { exitCode, stderr } = await rbuild(["run", "image"], { env: { DOCKER_HOST: "unix:///nonexistent/docker.sock" } });
  expect(exitCode).toBe(7);
  expect(stderr).toContain("[container-host.unreachable]");
});
