import { spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import got from "got";

const rbuild = resolve(import.meta.dirname, "../../bin/rbuild");

export interface ServedRepository extends AsyncDisposable {
  /** Host and port, as registries are named. */
  readonly host: string;
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Bytes of all bodies that were sent until now, as its metrics say. */
  sent(): Promise<number>;
}

/** `rbuild serve` without limits and without a log. @param address where it listens; default loopback */
export async function serveRepository(directory: string, address = "127.0.0.1"): Promise<ServedRepository> {
  const args = ["serve", directory, "--listen", `${address}:0`, "--rate", "0", "--max-per-address", "0", "--log-format", "none"];
  const child = spawn(rbuild, args, { stdio: ["ignore", "ignore", "pipe"] });
  const ended = once(child, "exit");
  let text = "";
  for await (const chunk of child.stderr) {
    text += String(chunk);
    const host = /is served at http:\/\/([0-9.]+:\d+)\//.exec(text)?.[1];
    if (host === undefined) continue;
    return {
      host,
      url: `http://${host}`,
      port: Number(host.split(":")[1]),
      pid: child.pid ?? 0,
      sent: async () => Number(/^rbuild_http_response_bytes_total (\d+)$/m.exec(await got(`http://${host}/metrics`).text())?.[1]),
      async [Symbol.asyncDispose]() {
        child.stderr.destroy();
        child.kill("SIGTERM");
        await ended;
      },
    };
  }
  throw new Error(`rbuild serve ended: ${text}`);
}
