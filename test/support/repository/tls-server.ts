import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { onTestFinished } from "vitest";

const run = promisify(execFile);

/** A certificate authority of one's own. */
export interface TestAuthority {
  /** Its certificate. */
  readonly file: string;
  /** Key and certificate for a server. @param name as in a certificate: `IP:127.0.0.1`, `DNS:example.org` @param days until it expires */
  issue(name: string, days?: number): Promise<{ readonly key: string; readonly cert: string }>;
}

/** @param directory for its files */
export async function testAuthority(directory: string): Promise<TestAuthority> {
  const openssl = (...args: string[]) => run("openssl", args, { cwd: directory });
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  await openssl("req", "-x509", ...newKey, "-keyout", "ca.key", "-out", "ca.pem", "-days", "3650", "-subj", "/CN=An authority of our own");
  let issued = 0;
  return {
    file: join(directory, "ca.pem"),
    async issue(name, days = 30) {
      const base = `server-${++issued}`;
      await openssl("req", "-new", ...newKey, "-keyout", `${base}.key`, "-out", `${base}.csr`, "-subj", "/CN=server");
      await writeFile(join(directory, `${base}.ext`), `subjectAltName=${name}\n`);
      const signing = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", String(days), "-extfile", `${base}.ext`];
      await openssl("x509", "-req", "-in", `${base}.csr`, "-out", `${base}.pem`, ...signing);
      const read = (file: string) => readFile(join(directory, file), "utf8");
      return { key: await read(`${base}.key`), cert: await read(`${base}.pem`) };
    },
  };
}

/** A server with TLS on loopback, for one test. */
export async function serveTls(
  certificate: { readonly key: string; readonly cert: string },
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<string> {
  const server = createServer(certificate, answer);
  server.on("tlsClientError", () => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
