import { hostPlatform, type Platform, parseArchitecture, platformText } from "../../oci/index.ts";
import { invalidOption, unsupportedOption } from "./create/refusal.ts";

/** `linux/amd64`, `linux/arm/v7`, also in the JSON form of newer clients; `linux` alone is this host's. */
export function parsePlatform(text: string): Platform {
  const [os = "", architecture, variant, ...rest] = text.startsWith("{") ? fromJson(text) : text.split("/");
  if (os !== "linux" || rest.length > 0) throw unsupportedOption("platform", text);
  if (!architecture) return hostPlatform();
  return { os, architecture: parseArchitecture(architecture), ...(variant ? { variant } : {}) };
}

function fromJson(text: string): string[] {
  try {
    const { os, architecture, variant } = JSON.parse(text) as Readonly<Record<string, unknown>>;
    return [os, architecture, variant].flatMap((part) => (typeof part === "string" && part !== "" ? [part] : []));
  } catch {
    throw invalidOption("platform", text, "it is neither os/architecture nor JSON");
  }
}

/** @throws RbuildError `server.option-unsupported` when the platform is not this host's */
export function requireHostPlatform(text: string | undefined): void {
  if (text === undefined) return;
  const [wanted, host] = [platformText(parsePlatform(text)), platformText(hostPlatform())];
  if (wanted !== host && !wanted.startsWith(`${host}/`)) throw unsupportedOption("platform", wanted);
}
