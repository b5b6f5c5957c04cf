import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { notifyServiceManager } from "../../../src/system/index.ts";

/** Perl is essential in Debian; Node cannot receive datagrams of this family. */
const RECEIVER = `use Socket; socket(S, AF_UNIX, SOCK_DGRAM, 0); bind(S, pack_sockaddr_un($ARGV[0])) or die; $| = 1; print "bound\\n"; recv(S, $m, 100, 0); print $m`;

test.each(["path", "abstract"])("a state reaches the service manager's socket: %s", async (kind) => {
  const directory = await mkdtemp("/tmp/rbuild-notify-");
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const path = join(directory, "notify");
  const receiver = spawn("perl", ["-e", kind === "path" ? RECEIVER : RECEIVER.replace("$ARGV[0]", '"\\0$ARGV[0]"'), path]);
  onTestFinished(() => void receiver.kill());
  let output = "";
  receiver.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  await expect.poll(() => output).toBe("bound\n");
  expect(notifyServiceManager("READY=1", kind === "path" ? path : `@${path}`)).toBe(true);
  await expect.poll(() => output).toBe("bound\nREADY=1");
});

test("without a service manager nothing is told; a socket that is gone is an error", () => {
  expect(notifyServiceManager("READY=1", "")).toBe(false);
  expect(() => notifyServiceManager("READY=1", "/nonexistent/notify")).toThrow(expect.objectContaining({ code: "ENOENT" }));
});
