import { RbuildError, run, toolEnvironment } from "../../../system/index.ts";
import { type Fingerprint, isFingerprint } from "../format/fields.ts";
import { decodeArmor } from "../openpgp/armor.ts";
import { splitPackets, TAG } from "../openpgp/packets.ts";
import type { Signer } from "./signer.ts";

/** What gpg and its agent's pinentry need of the caller's environment to find keys, cards and somebody to ask. */
const PASSED_ON = ["GNUPGHOME", "GPG_TTY", "TERM", "DISPLAY", "XAUTHORITY", "WAYLAND_DISPLAY", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS", "LANG"] as const;

/**
 * A signer through GnuPG: its agent has the key, or a smartcard has it, and asks for passphrase or PIN itself.
 * @param user what gpg takes for `--local-user`; a fingerprint is best. A subkey's with `!` is taken exactly.
 * @throws RbuildError `keys.no-secret-key`, `tool.missing`
 */
export async function openGnupgSigner(user: string, environment: Readonly<Record<string, string | undefined>> = process.env): Promise<Signer> {
  const env = { ...toolEnvironment(), ...Object.fromEntries(PASSED_ON.flatMap((name) => (environment[name] ? [[name, environment[name]]] : []))) };
  const fingerprint = await findPrimary(user, env);
  return {
    fingerprint,
    async sign(data, options = {}) {
      const args = ["--batch", "--armor", "--digest-algo", "SHA512", "--no-emit-version", "--local-user", user, "--detach-sign", "--output", "-", "-"];
      const made = await run("gpg", args, { ...options, env, input: data }).catch((error: unknown) => {
        throw failed(`gpg made no signature: ${error instanceof Error ? error.message : String(error)}`, error);
      });
      const decoded = decodeArmor(made.stdout, "SIGNATURE");
      const packets = typeof decoded === "string" ? decoded : splitPackets(decoded, new Set([TAG.signature]), 1);
      if (typeof packets === "string") throw failed(`what gpg made ${packets}`);
      return (packets[0] as { bytes: Uint8Array }).bytes;
    },
    async [Symbol.asyncDispose]() {},
  };
}

async function findPrimary(user: string, env: Record<string, string>): Promise<Fingerprint> {
  const listed = await run("gpg", ["--batch", "--with-colons", "--list-secret-keys", "--", user.replace(/!$/, "")], { env, okCodes: [0, 2] });
  const lines = listed.stdout.split("\n").map((line) => line.split(":"));
  const primaries = lines.flatMap((fields, index) => (fields[0] === "sec" ? [lines.slice(index).find(([kind]) => kind === "fpr")?.[9]] : []));
  const [found, ...more] = primaries;
  if (isFingerprint(found) && more.length === 0) return found;
  const why = primaries.length > 1 ? "several secret keys fit" : "GnuPG has no secret key for";
  throw new RbuildError("keys.no-secret-key", `${why} ${JSON.stringify(user)}`, { category: "not-found", hint: "gpg --list-secret-keys" });
}

function failed(message: string, cause?: unknown): RbuildError {
  return new RbuildError("keys.signing-failed", message, { hint: "gpg --list-secret-keys; with a terminal: export GPG_TTY=$(tty)", cause });
}
