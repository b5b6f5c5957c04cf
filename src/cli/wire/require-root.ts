import { RbuildError } from "../../system/errors.ts";

/** @throws RbuildError `host.not-root` */
export function requireRoot(): void {
  if (process.getuid?.() === 0) return;
  const words = [process.env["RBUILD_PROGRAM"] ?? "rbuild", ...process.argv.slice(2)];
  throw new RbuildError("host.not-root", "the embedded engine makes mounts, namespaces and networks, which needs root; images and locked trees also go with --rootless", {
    category: "unavailable",
    hint: ["sudo", ...words].map(shellWord).join(" "),
  });
}

function shellWord(text: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
