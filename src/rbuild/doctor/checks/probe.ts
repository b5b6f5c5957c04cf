import { run } from "../../../system/index.ts";

export type ProbeResult = { readonly kind: "works" } | { readonly kind: "fails"; readonly reason: string };

const PROBE_TIMEOUT = 20_000;

/** Runs a shell script that works or not. What it makes must live in namespaces of its own, so that nothing is left however it ends. */
export async function probe(script: string, args: readonly string[] = []): Promise<ProbeResult> {
  try {
    const env = { PATH: `${process.env["PATH"] ?? ""}:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin`, LC_ALL: "C.UTF-8" };
    const { exitCode, stderr } = await run("sh", ["-ec", script, "sh", ...args], { env, signal: AbortSignal.timeout(PROBE_TIMEOUT), okCodes: ALL_CODES });
    return exitCode === 0 ? { kind: "works" } : { kind: "fails", reason: stderr.trim().split("\n").at(-1) || `exit code ${exitCode}` };
  } catch (error) {
    return { kind: "fails", reason: error instanceof Error ? error.message : String(error) };
  }
}

const ALL_CODES = Array.from({ length: 256 }, (_, code) => code);
