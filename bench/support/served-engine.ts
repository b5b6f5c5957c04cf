import { spawn } from "node:child_process";
import { once } from "node:events";
import { join, resolve } from "node:path";

const rbuild = resolve(import.meta.dirname, "../../bin/rbuild");

/** `rbuild engine serve` on a socket of its own. */
export async function startServedEngine(places: { readonly root: string; readonly runRoot: string }): Promise<AsyncDisposable & { readonly host: string }> {
  const socket = join(places.runRoot, "bench.sock");
  const child = spawn(rbuild, ["engine", "serve", "--socket", socket, "--engine-root", places.root, "--run-root", places.runRoot], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const gone = once(child, "close");
  let said = "";
  await new Promise<void>((resolve, reject) => {
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      if (said.includes("answers at")) resolve();
    });
    child.once("close", () => reject(new Error(`rbuild engine serve ended: ${said}`)));
    child.once("error", reject);
  });
  return {
    host: `unix://${socket}`,
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await gone;
    },
  };
}
