import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { call } from "./serve-fake.ts";

/** Docker's own daemon in namespaces of its own, without a network; ended and gone when disposed. */
export async function startDockerd(): Promise<{ readonly socketPath: string } & AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  const directory = await mkdtemp("/var/tmp/rbuild-dockerd-");
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  await mkdir(join(directory, "exec"));
  const socketPath = join(directory, "s");
  const daemon = execa(
    "unshare",
    [
      "-n",
      "-m",
      "dockerd",
      "--data-root",
      join(directory, "data"),
      "--exec-root",
      join(directory, "exec"),
      "-H",
      `unix://${socketPath}`,
      "-p",
      join(directory, "pid"),
      "--bridge=none",
      "--iptables=false",
    ],
    { reject: false, stdio: "ignore", forceKillAfterDelay: 20_000 },
  );
  let isGone = false;
  void daemon.then(() => {
    isGone = true;
  });
  stack.defer(async () => {
    daemon.kill("SIGTERM");
    await daemon;
  });
  for (let attempt = 0; ; attempt += 1) {
    const reply = await call(socketPath, { path: "/_ping" }).catch(() => undefined);
    if (reply?.status === 200) break;
    if (attempt === 400 || isGone) throw new Error("dockerd does not answer");
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const open = stack.move();
  return { socketPath, [Symbol.asyncDispose]: () => open.disposeAsync() };
}
