import { closeSync, openSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it, onTestFinished } from "vitest";
import { spawnSession } from "../../../src/system/kernel/spawn-session.ts";

const SH = "/bin/sh";

async function textOf(pipe: AsyncIterable<unknown> | undefined): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of pipe ?? []) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

const stateOf = async (pid: number): Promise<string | undefined> => {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  return stat?.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3);
};

it("starts a program with its words, directory, environment and pipes, and nothing else", async () => {
  const own = openSync("/dev/null", "r");
  onTestFinished(() => closeSync(own));
  const script =
    'printf "%s|" "$@" >&3; env | sort >&3; pwd >&3; ls /proc/$$/fd | grep -x "[34]\\|$OWN" | tr "\\n" " " >&3; grep -E "Sig(Blk|Ign)" /proc/self/status >&3; cat <&4 >&3';
  const { pipes } = spawnSession(SH, ["-c", script, "sh", "a b", "", "ä"], {
    cwd: "/tmp",
    env: { A: "1 2", OWN: String(own), PATH: "/bin:/usr/bin" },
    pipes: 2,
  });
  pipes[1]?.end("typed");
  expect((await textOf(pipes[0])).replace(/^_=.*\n/m, "").replace(/^(OLD)?PWD=.*\n/gm, "")).toBe(
    `a b||ä|A=1 2\nOWN=${own}\nPATH=/bin:/usr/bin\n/tmp\n3 4 SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\ntyped`,
  );
});

it("makes it the leader of a session, and leaves no dead process behind", async () => {
  const { pid, pipes } = spawnSession(SH, ["-c", "cut -d ' ' -f 6 /proc/$$/stat >&3"], { cwd: "/", env: {}, pipes: 1 });
  expect(await textOf(pipes[0])).toBe(`${pid}\n`);
  for (let tries = 0; (await stateOf(pid)) !== undefined && tries < 1000; tries++) await sleep(10);
  expect(await stateOf(pid)).toBeUndefined();
});

it.each([
  ["a program that is not there", "/nonexistent/program", "/", "ENOENT"],
  ["a directory that is not there", SH, "/nonexistent", "ENOENT"],
  ["a file that is no program", "/etc/passwd", "/", "EACCES"],
])("says so of %s, and keeps no descriptor", async (_what, program, cwd, code) => {
  const count = async () => (await readdir("/proc/self/fd")).length;
  const before = await count();
  expect(() => spawnSession(program, [], { cwd, env: {}, pipes: 2 })).toThrow(expect.objectContaining({ code }));
  expect(await count()).toBe(before);
});
