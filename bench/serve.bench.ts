import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { createConnection } from "node:net";
import { join } from "node:path";
import { type Bench, interleave, medianOf, type Way } from "./support/bench.ts";
import { serveRepository } from "./support/served-repository.ts";

const ROUNDS = Number(process.env["RBUILD_BENCH_ROUNDS"] ?? 5);
const SIZE = 10 ** 9;
const RANGES = 10_000;
const RANGE_BYTES = 4_096;
const CLIENTS = 64;
/** What V8 may take for them as time goes by; the file is ten times that. */
const ROOM_FOR_YOUNG_OBJECTS = 100 * 2 ** 20;
const FILE = `blobs/sha256/${"a".repeat(64)}`;

interface Server extends AsyncDisposable {
  readonly port: number;
  readonly pid: number;
}

/** One process each, no access log, the file in the page cache: what the servers themselves cost. */
export const bench: Bench = {
  description: "serving 1 GB, and small ranges to 64 clients, against nginx",
  async run(say) {
    await using stack = new AsyncDisposableStack();
    const directory = await mkdtemp("/var/tmp/rbuild-bench-serve-");
    stack.defer(() => rm(directory, { recursive: true, force: true }));
    await chmod(directory, 0o755);
    await mkdir(join(directory, "blobs/sha256"), { recursive: true });
    const piece = Buffer.alloc(10 ** 7, "rbuild");
    for (let done = 0; done < SIZE; done += piece.byteLength) await writeFile(join(directory, FILE), piece, { flag: "a" });
    await truncate(join(directory, FILE), SIZE);
    const ours = stack.use(await serveRepository(directory));
    const theirs = stack.use(await startNginx(directory));
    const whole =
      (server: Server): Way =>
      async () =>
        await fetchAll(server.port, 1, 1, () => [0, SIZE]);
    const ranges =
      (server: Server): Way =>
      async () =>
        await fetchAll(server.port, CLIENTS, RANGES, (index) => [(index * 7_919_000) % (SIZE - RANGE_BYTES), RANGE_BYTES]);
    say("one of each, unmeasured");
    for (const server of [ours, theirs]) for (const way of [whole, ranges]) await way(server)();
    const before = await memoryOf(ours.pid);
    say(`${ROUNDS} rounds of each`);
    const rows = await interleave(
      new Map<string, Way>([
        ["1 GB, rbuild serve", whole(ours)],
        ["1 GB, nginx", whole(theirs)],
        [`${RANGES} ranges of 4 KiB to ${CLIENTS} clients, rbuild serve`, ranges(ours)],
        [`${RANGES} ranges of 4 KiB to ${CLIENTS} clients, nginx`, ranges(theirs)],
      ]),
      ROUNDS,
    );
    const after = await memoryOf(ours.pid);
    const [wholeOurs = 0, wholeTheirs = 0, rangesOurs = 0, rangesTheirs = 0] = rows.map(medianOf);
    return {
      rows,
      ratios: [
        { what: "1 GB: rbuild serve / nginx", value: wholeOurs / wholeTheirs, limit: 2 },
        { what: "small ranges: rbuild serve / nginx", value: rangesOurs / rangesTheirs, limit: 2 },
      ],
      checks: [{ what: "memory stays flat", holds: after - before < ROOM_FOR_YOUNG_OBJECTS, detail: `${megabytes(before)} before, ${megabytes(after)} after` }],
    };
  },
};

/** Configured as docs/serving.md has it, with one worker. */
async function startNginx(directory: string): Promise<Server> {
  const port = 18_000 + (process.pid % 2_000);
  const configuration = join(directory, "nginx.conf");
  await writeFile(
    configuration,
    `daemon off; pid ${directory}/nginx.pid; error_log stderr; worker_processes 1; user root;
events { worker_connections 1024; }
http { access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000; open_file_cache max=256; default_type application/octet-stream;
  client_body_temp_path ${directory}/t1; proxy_temp_path ${directory}/t2; fastcgi_temp_path ${directory}/t3; uwsgi_temp_path ${directory}/t4; scgi_temp_path ${directory}/t5;
  server { listen 127.0.0.1:${port}; root ${directory}; } }
`,
  );
  const child = spawn("nginx", ["-c", configuration], { stdio: "ignore" });
  for (let attempt = 0; attempt < 100; attempt++) {
    const isUp = await fetchAll(port, 1, 1, () => [0, 1]).then(
      () => true,
      () => false,
    );
    if (isUp) return stopped(child, port);
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error("nginx does not answer");
}

function stopped(child: ReturnType<typeof spawn>, port: number): Server {
  return {
    port,
    pid: child.pid ?? 0,
    async [Symbol.asyncDispose]() {
      child.stderr?.destroy();
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
    },
  };
}

/** A client that costs little: requests over kept connections, bytes counted and thrown away. */
async function fetchAll(port: number, clients: number, count: number, rangeOf: (index: number) => readonly [start: number, length: number]): Promise<void> {
  let next = 0;
  const client = () =>
    new Promise<void>((done, reject) => {
      let left = -1;
      let head = "";
      const socket = createConnection({ port, host: "127.0.0.1", noDelay: true, onread: { buffer: Buffer.alloc(256 * 1024), callback: take } });
      socket.once("connect", ask).once("error", reject);
      function ask() {
        if (next >= count) {
          socket.end(done);
          return;
        }
        const [start, length] = rangeOf(next++);
        socket.write(`GET /${FILE} HTTP/1.1\r\nHost: a\r\nRange: bytes=${start}-${start + length - 1}\r\n\r\n`);
      }
      function take(size: number, buffer: Uint8Array): boolean {
        let bytes = size;
        if (left < 0) {
          head += Buffer.from(buffer.subarray(0, size)).toString("latin1");
          const end = head.indexOf("\r\n\r\n");
          if (end === -1) return true;
          if (!head.startsWith("HTTP/1.1 206")) reject(new Error(head.slice(0, end)));
          left = Number(/content-length: (\d+)/i.exec(head)?.[1]);
          bytes = head.length - end - 4;
          head = "";
        }
        left -= bytes;
        if (left === 0) {
          left = -1;
          ask();
        }
        return true;
      }
    });
  await Promise.all(Array.from({ length: clients }, client));
}

async function memoryOf(pid: number): Promise<number> {
  const { readFile } = await import("node:fs/promises");
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, "utf8"))?.[1]) * 1024;
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;
