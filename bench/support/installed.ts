import { execa } from "execa";

/** Debian's package, installed if it is missing. */
export async function ensureInstalled(name: string): Promise<void> {
  const { exitCode } = await execa("dpkg-query", ["--status", name], { reject: false });
  if (exitCode === 0) return;
  await execa("apt-get", ["install", "--yes", "--quiet", "--no-install-recommends", name], { env: { DEBIAN_FRONTEND: "noninteractive" } });
}
