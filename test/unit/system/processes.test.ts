import { expect, test } from "vitest";
import { run } from "../../../src/system/index.ts";

test("keeps what a tool prints, apart, and gives it its input and nothing of the caller's environment", async () => {
  process.env["RBUILD_TEST_SECRET"] = "x";
  const { stdout, stderr, exitCode } = await run("sh", ["-c", "cat; echo err >&2; env | grep -c RBUILD_TEST; exit 0"], { input: "täxt\n" });
  expect({ stdout, stderr, exitCode }).toEqual({ stdout: "täxt\n0\n", stderr: "err\n", exitCode: 0 });
  delete process.env["RBUILD_TEST_SECRET"];
});

test("takes an exit code that is no error, and fails with the last lines of the others", async () => {
  expect((await run("sh", ["-c", "exit 3"], { okCodes: [0, 3] })).exitCode).toBe(3);
  await expect(run("sh", ["-c", "echo one >&2; echo two >&2; exit 4"])).rejects.toMatchObject({
    code: "tool.failed",
    message: "sh exited with 4: one\ntwo",
    details: { exitCode: 4 },
  });
  await expect(run("sh", ["-c", "kill -9 $$"])).rejects.toMatchObject({ code: "tool.failed", message: "sh was ended by SIGKILL" });
});

test("tells a tool that is not there, and a directory that is not", async () => {
  await expect(run("no-such-tool", [])).rejects.toMatchObject({ code: "tool.missing" });
});

test("ends a tool that prints too much, or when the signal says so", async () => {
  await expect(run("yes", [], { maxOutput: 1000 })).rejects.toMatchObject({ code: "tool.failed", message: expect.stringContaining("more than is kept") });
  const reason = new Error("enough");
  await expect(run("sleep", ["100"], { signal: AbortSignal.any([AbortSignal.timeout(50)]) })).rejects.toMatchObject({ name: "TimeoutError" });
  await expect(run("true", [], { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
});

test("does not wait for a tool that reads nothing of a large input", async () => {
  expect((await run("true", [], { input: Buffer.alloc(1024 * 1024) })).exitCode).toBe(0);
});
