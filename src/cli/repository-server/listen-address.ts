import { isIP } from "node:net";
import { RbuildError } from "../../system/errors.ts";

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** `ADDRESS:PORT`, `[IPV6]:PORT`, or a port on this machine alone. @throws RbuildError `cli.invalid-value` */
export function parseListenAddress(text: string): ListenAddress {
  const [, bracketed, plain = "127.0.0.1", digits = ""] = /^(?:(?:\[([^\]]*)\]|([^:[\]]*)):)?(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? (plain === "localhost" ? "127.0.0.1" : plain);
  const port = Number(digits);
  if (digits === "" || port > 65_535 || isIP(host) !== (bracketed === undefined ? 4 : 6))
    throw new RbuildError("cli.invalid-value", `${JSON.stringify(text)} is not ADDRESS:PORT, [IPV6]:PORT or PORT, with an address in digits`, {
      category: "invalid",
    });
  return { host, port };
}

export function isLoopback({ host }: ListenAddress): boolean {
  return host === "::1" || host.startsWith("127.");
}
