import { hostPlatform, type Platform, platformText } from "../../../oci/index.ts";
import type { ArgInstruction } from "../instructions/arg.ts";

/** Arguments every RUN may have without declaring them; they are no part of the cache key or the history. */
export const PREDEFINED_ARGUMENTS: ReadonlySet<string> = new Set(
  ["HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY"].flatMap((name) => [name, name.toLowerCase()]),
);

/** Arguments of the Dockerfile's head: what FROM lines and a stage's bare `ARG name` take their values from. */
export type GlobalArguments = ReadonlyMap<string, string>;

export function platformArguments(platform: Platform = hostPlatform()): GlobalArguments {
  const entries = ["BUILD", "TARGET"].flatMap((prefix) => [
    [`${prefix}PLATFORM`, platformText(platform)] as const,
    [`${prefix}OS`, platform.os] as const,
    [`${prefix}ARCH`, platform.architecture] as const,
    [`${prefix}VARIANT`, platform.variant ?? ""] as const,
  ]);
  return new Map(entries);
}

/**
 * @param expand replaces variables in a value by those known so far
 */
export function globalArguments(
  head: readonly ArgInstruction[],
  buildArgs: Readonly<Record<string, string>>,
  expand: (text: string, known: GlobalArguments, instruction: ArgInstruction) => string,
): GlobalArguments {
  const known = new Map(platformArguments());
  for (const name of known.keys()) if (Object.hasOwn(buildArgs, name)) known.set(name, buildArgs[name] ?? "");
  for (const instruction of head) {
    for (const { name, value } of instruction.declarations) {
      const given = Object.hasOwn(buildArgs, name) ? buildArgs[name] : undefined;
      const result = given ?? (value === undefined ? undefined : expand(value, known, instruction));
      if (result !== undefined) known.set(name, result);
    }
  }
  return known;
}
