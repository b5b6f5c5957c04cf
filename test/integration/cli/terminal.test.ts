import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { expect, it, onTestFinished } from "vitest";
import { type CommandLab, openCommandLab } from "../../support/iso/command-lab.ts";
import { RBUILD } from "../../support/rbuild-command.ts";

const MAKEFILE = `iso:
	@for i in 1 2 3; do echo "line $$i"; done; sleep 0.7
	@echo image >$(RBUILD_OUTPUT)/live.iso
slow:
	@echo started; sleep 100
broken:
	@echo why it broke; false
`;

/** `rbuild iso …` with a terminal of 90 columns for stderr, and stdout where `redirect` says. */
function onTerminal(lab: CommandLab, args: string, redirect: string, environment: Readonly<Record<string, string>> = {}) {
  const places = `--engine-root ${lab.directory}/engine --run-root ${lab.directory}/run`;
  const command = `stty rows 24 columns 90; exec ${RBUILD} ${places} -C ${lab.tree.directory} iso ${args} ${redirect}`;
  const { PATH = "" } = process.env;
  const env = { PATH, HOME: "/root", TERM: "xterm-256color", LANG: "C.UTF-8", RBUILD_CONFIG_HOME: "/nonexistent", ...environment };
  const child = spawn("script", ["--quiet", "--return", "--command", command, "/dev/null"], { stdio: ["pipe", "pipe", "ignore"], env });
  onTestFinished(() => void child.kill("SIGKILL"));
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  return { child, text: () => output, exited: once(child, "exit") as Promise<[number | null]> };
}

it("draws the live view on a terminal, and leaves the result alone in a file", async () => {
  const lab = await openCommandLab(MAKEFILE);
  const paths = join(lab.directory, "paths");
  const run = onTerminal(lab, "", `>${paths}`);
  expect(await run.exited).toEqual([0, null]);
  expect(await readFile(paths, "utf8")).toBe(`${join(lab.out, "live.iso")}\n`);
  const text = stripVTControlCharacters(run.text());
  expect(run.text()).toContain("\u001b[32m✓");
  for (const part of ["✓ check the tree", "│ line 3", "✓ make iso", "6 B  ", "live.iso", "done after"]) expect(text).toContain(part);
});

it("uses no colours with NO_COLOR", async () => {
  const lab = await openCommandLab(MAKEFILE);
  const run = onTerminal(lab, "", "", { NO_COLOR: "1" });
  expect(await run.exited).toEqual([0, null]);
  // oxlint-disable-next-line no-control-regex
  expect(run.text()).not.toMatch(/\u001b\[[0-9;]*m/);
  expect(run.text()).toContain("✓ make iso");
});

it("shows the end of the log of a build that fails, and the error once", async () => {
  const lab = await openCommandLab(MAKEFILE);
  const run = onTerminal(lab, "broken", "");
  expect(await run.exited).toEqual([3, null]);
  const text = stripVTControlCharacters(run.text());
  const end = text.slice(text.lastIndexOf("✗ make broken"));
  expect(end).toContain("│ why it broke");
  expect(end).toContain("failed after");
  expect(end.match(/rbuild: .*\[make\.target-failed\]/g)).toHaveLength(1);
});

it("cleans up on Ctrl-C and says so", async () => {
  const lab = await openCommandLab(MAKEFILE);
  const run = onTerminal(lab, "slow", "");
  await expect.poll(() => run.text(), { timeout: 30_000 }).toContain("started");
  run.child.stdin?.write("\u0003");
  expect(await run.exited).toEqual([130, null]);
  expect(stripVTControlCharacters(run.text())).toContain("interrupted after");
  expect(await lab.leftovers()).toEqual([]);
});

it("writes plain lines without a terminal", async () => {
  const lab = await openCommandLab(MAKEFILE);
  const { exitCode, stdout, stderr } = await lab.start(["iso"]);
  expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: join(lab.out, "live.iso") });
  expect(stderr).toMatch(/^\[ +\d+\.\ds\] check the tree \.\.\.$/m);
  expect(stderr).toMatch(/^\[ +\d+\.\ds\] \| line 3$/m);
});
