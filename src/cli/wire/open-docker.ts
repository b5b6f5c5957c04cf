import { readFile } from "node:fs/promises";
import { join } from "node:path";
import Docker from "dockerode";
import { RbuildError } from "../../system/index.ts";
import { type ApiAddress, parseApiAddress } from "../values.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** A client for the API at an address, which has answered once. @throws RbuildError `container-host.unreachable`, `cli.invalid-value` */
export async function openDocker(text: string, environment: Environment): Promise<Docker> {
  const docker = new Docker(await clientOptions(parseApiAddress(text), environment));
  try {
    await docker.ping();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new RbuildError("container-host.unreachable", `no Docker API answers at ${text}: ${why}`, {
      category: "unavailable",
      hint: "start it, or unset DOCKER_HOST and --host to use the embedded engine",
      cause: error,
    });
  }
  return docker;
}

async function clientOptions(address: ApiAddress, environment: Environment): Promise<Docker.DockerOptions> {
  if (address.kind === "socket") return { socketPath: address.path };
  const { host, port } = address;
  const certificates = environment["DOCKER_CERT_PATH"];
  if (!environment["DOCKER_TLS_VERIFY"] || !certificates) return { host, port, protocol: address.protocol };
  const [ca, cert, key] = await Promise.all(["ca.pem", "cert.pem", "key.pem"].map((name) => readFile(join(certificates, name), "utf8")));
  return { host, port, protocol: "https", ...(ca ? { ca } : {}), ...(cert ? { cert } : {}), ...(key ? { key } : {}) };
}
