import { mkdir, mkdtemp, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CommanderError } from "commander";
import { describe, expect, it, onTestFinished } from "vitest";
import { reportOf } from "../../../src/cli/error-report.ts";
import { parseDigest } from "../../../src/oci/index.ts";
import { RbuildError } from "../../../src/system/index.ts";

describe("a coded error", () => {
  it("is reported with its hint and what lay behind it, nearest first", () => {
    const root = new Error("connection reset");
    const middle = new RbuildError("mirror.unreachable", "the mirror hung up", { category: "unavailable", cause: root });
    const error = new RbuildError("image.failed", "no base image", { category: "failed", hint: "rbuild doctor", cause: middle, details: { name: "base" } });
    expect(reportOf(error, "image build")).toMatchObject({
      code: "image.failed",
      category: "failed",
      message: "no base image",
      hint: "rbuild doctor",
      details: { name: "base" },
      causes: ["the mirror hung up [mirror.unreachable]", "connection reset"],
    });
  });

  it("loses secrets and control characters", () => {
    const error = new RbuildError("a.b", "cannot reach http://user:pass@host/ \u001b[2Jnow");
    expect(reportOf(error, "iso").message).toBe("cannot reach http://***@host/ now");
  });

  it("survives a chain of causes that bites its tail", () => {
    const error = new RbuildError("a.b", "x");
    error.cause = error;
    expect(reportOf(error, "iso").causes.length).toBeLessThanOrEqual(10);
  });
});

it("turns a usage error into one that names the help", () => {
  expect(reportOf(new CommanderError(1, "commander.unknownOption", "error: unknown option '--foo'"), "image build")).toMatchObject({
    code: "cli.usage",
    category: "invalid",
    message: "unknown option '--foo'",
    hint: "rbuild image build --help",
  });
});

it("takes code and hint from what the engine answered over HTTP", () => {
  const answer = Object.assign(new Error("(HTTP code 404) no such image"), {
    statusCode: 404,
    json: { message: "No such image: x", code: "image.not-found", hint: "rbuild image build x" },
  });
  expect(reportOf(answer, "run")).toMatchObject({ code: "image.not-found", category: "not-found", message: "No such image: x", hint: "rbuild image build x" });
  expect(reportOf(Object.assign(new Error("no"), { statusCode: 500 }), "run")).toMatchObject({ code: "engine.answered-500", category: "failed" });
});

it("tells a host that is not able from work that failed", () => {
  const system = (code: string) => Object.assign(new Error(`${code}: write`), { code, syscall: "write", path: "/x" });
  expect(reportOf(system("ENOSPC"), "iso")).toMatchObject({ code: "system.enospc", category: "unavailable", hint: "make room there: df -h /" });
  expect(reportOf(system("EROFS"), "iso")).toMatchObject({ category: "unavailable", hint: expect.stringContaining("findmnt --target /") });
  expect(reportOf(system("EIO"), "iso")).toMatchObject({ code: "system.eio", category: "failed" });
});

it("says of a directory in a file's place, and of a file in a directory's, which is which", async () => {
  const directory = await mkdtemp(join(tmpdir(), "rbuild-report-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  const file = join(directory, "file");
  await writeFile(file, "");
  const thrown = async (work: Promise<unknown>) => reportOf(await work.catch((error: unknown) => error), "iso");
  expect(await thrown(mkdir(join(file, "below"), { recursive: true }))).toMatchObject({
    code: "system.enotdir",
    message: `${file}/below cannot be used as a directory: ${file} is none`,
    hint: expect.stringContaining(file),
  });
  await mkdir(join(directory, "sub"));
  expect(await thrown(rename(file, join(directory, "sub")))).toMatchObject({
    code: "system.eisdir",
    message: `${directory}/sub is a directory, where a file is wanted`,
  });
  expect(await thrown(stat(join(directory, "nothing")))).toMatchObject({ code: "system.enoent", hint: `see what is there: ls -ld ${directory}` });
});

it("knows the errors of the OCI parsers", () => {
  let thrown: unknown;
  try {
    parseDigest("nonsense");
  } catch (error) {
    thrown = error;
  }
  expect(reportOf(thrown, "run")).toMatchObject({ code: "oci.invalid", category: "invalid" });
});

it("calls anything else a fault of rbuild", () => {
  expect(reportOf(new TypeError("x is not a function"), "iso")).toMatchObject({ code: "internal.error", message: "TypeError: x is not a function" });
  expect(reportOf({ odd: 1 }, "iso").message).toBe("{ odd: 1 }");
});
