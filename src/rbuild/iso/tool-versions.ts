import { readFile } from "node:fs/promises";
import { release } from "node:os";
import { z } from "zod";
import type { ContainerHost } from "../container-host/container-host.ts";
import { asked } from "../container-host/host-error.ts";

const packageSchema = z.object({ version: z.string() });

/** rbuild's own version: package.json lies two folders above src/rbuild and dist/rbuild alike. */
export async function rbuildVersion(): Promise<string> {
  return packageSchema.parse(JSON.parse(await readFile(new URL("../../../package.json", import.meta.url), "utf8"))).version;
}

/** What this machine is; nothing of it may reach an artifact. */
export async function hostFacts(host: ContainerHost): Promise<Readonly<Record<string, string>>> {
  const version = (await asked("ask the container engine for its version", host.version())) as {
    readonly Version?: string;
    readonly ApiVersion?: string;
    readonly Components?: readonly { readonly Name: string; readonly Version: string }[];
  };
  return {
    engine: version.Components?.[0]?.Name ?? "unknown",
    engineVersion: version.Version ?? "unknown",
    apiVersion: version.ApiVersion ?? "unknown",
    kernel: release(),
    node: process.version,
    architecture: process.arch,
  };
}
