import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { type AddressInfo, connect, createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { onTestFinished } from "vitest";
import { scratchDirectory } from "../scratch.ts";

/** nginx with a directory, as docs/fetching.md says, on loopback. */
export interface Nginx {
  readonly url: string;
  stop(): Promise<void>;
}

export async function startNginx(directory: string): Promise<Nginx> {
  const scratch = await scratchDirectory();
  await mkdir(join(scratch, "logs"));
  const port = await freePort();
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${scratch}/${name};`).join(" ");
  await writeFile(
    join(scratch, "nginx.conf"),
    `daemon off; worker_processes 1; pid ${scratch}/pid; error_log ${scratch}/logs/error.log; user root;
events {}
http {
  access_log off; default_type application/octet-stream; ${temporary}
  server {
    listen 127.0.0.1:${port};
    root ${directory};
    location / { add_header Cache-Control "public, max-age=31536000, immutable"; }
    location = /current.json { add_header Cache-Control no-cache; }
  }
}
`,
  );
  const child = spawn("nginx", ["-p", scratch, "-c", join(scratch, "nginx.conf")], { stdio: "ignore" });
  const ended = once(child, "exit");
  const stop = async () => {
    child.kill("SIGTERM");
    await ended;
  };
  onTestFinished(stop);
  const url = `http://127.0.0.1:${port}`;
  for (let tries = 0; ; tries++) {
    try {
      const socket = connect(port, "127.0.0.1");
      await once(socket, "connect");
      socket.destroy();
      return { url, stop };
    } catch (error) {
      if (tries > 1000) throw error;
      await sleep(20);
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
