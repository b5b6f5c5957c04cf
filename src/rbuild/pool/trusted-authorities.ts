import { readFileSync } from "node:fs";
import { Agent, type AgentOptions } from "node:https";
import { createSecureContext, getCACertificates, rootCertificates, type SecureContext } from "node:tls";
import { isSystemError } from "../../system/index.ts";

/** What `update-ca-certificates` writes. */
const SYSTEM_FILE = "/etc/ssl/certs/ca-certificates.crt";

let context: SecureContext | undefined;

/** Whose certificates servers may have: those of the system, as for curl and apt; where it has none, those that Node brings. */
function trustedAuthorities(): SecureContext {
  context ??= createSecureContext({ ca: [systemAuthorities() ?? rootCertificates, getCACertificates("extra")].flat() });
  return context;
}

function systemAuthorities(): string | undefined {
  const path = process.env["SSL_CERT_FILE"];
  try {
    return readFileSync(path || SYSTEM_FILE, "utf8");
  } catch (error) {
    if (isSystemError(error, "ENOENT") && !path) return undefined;
    const named = path ? `${path}, which SSL_CERT_FILE names,` : SYSTEM_FILE;
    throw new Error(`no authorities can be read from ${named}: ${(error as Error).message}`, { cause: error });
  }
}

/** Connections with TLS. They are read when the first is made. */
export class TrustingAgent extends Agent {
  override createConnection(...[options, callback]: Parameters<Agent["createConnection"]>): ReturnType<Agent["createConnection"]> {
    return super.createConnection({ ...options, secureContext: trustedAuthorities() } as AgentOptions, callback);
  }
}
