import { RbuildError } from "../../system/errors.ts";

/** @throws RbuildError `host.not-root` */
export function requireRoot(): void {
  if (process.getuid?.() === 0) return;
  const words = [process.env["RBUILD_PROGRAM"] ?? "rbuild", ...process.argv.slice(2)];
  const why = "it makes mounts, namespaces and networks; images and locked trees also go without root, with --rootless";
  throw new RbuildError("host.not-root", `the embedded engine needs root: ${why}`, {
    category: "unavailable",
    hint: ["sudo", ...words].map(shellWord).join(" "),
  });
}

function shellWord(text: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
