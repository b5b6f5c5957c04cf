import type { ContainerDefaults } from "../../../oci/index.ts";
import { RbuildError } from "../../../system/index.ts";
import type { ContainerInfo, ContainerSpec } from "../container.ts";

export const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The process of a container: what the image says, under what the caller says. @throws RbuildError `container.no-command`, `container.bad-directory` */
export function resolveProcess(spec: ContainerSpec, image: ContainerDefaults, hostname: string): ContainerInfo["process"] {
  const cwd = spec.workingDir || image.WorkingDir || "/";
  if (!cwd.startsWith("/")) {
    throw new RbuildError("container.bad-directory", `the working directory ${JSON.stringify(cwd)} is not absolute`, { category: "invalid" });
  }
  return {
    args: resolveArguments(spec, image),
    env: mergeEnvironment(
      [`PATH=${DEFAULT_PATH}`, `HOSTNAME=${hostname}`, ...(spec.tty ? ["TERM=xterm"] : [])],
      mergeEnvironment(image.Env ?? [], spec.env ?? []),
      spec.env ?? [],
    ),
    cwd,
    user: spec.user ?? image.User ?? "",
  };
}

/** An entry point given by the caller, even an empty one, takes the image's command away with the image's entry point. */
function resolveArguments(spec: ContainerSpec, image: ContainerDefaults): readonly string[] {
  const isReplaced = spec.entrypoint !== undefined;
  const given = spec.entrypoint?.length === 1 && spec.entrypoint[0] === "" ? [] : (spec.entrypoint ?? []);
  const entrypoint = isReplaced ? given : (image.Entrypoint ?? []);
  const command = spec.command?.length ? spec.command : isReplaced ? [] : (image.Cmd ?? []);
  const args = [...entrypoint, ...command];
  if (args.length === 0) {
    throw new RbuildError("container.no-command", `neither the image ${spec.image} nor the caller says which command to run`, {
      category: "invalid",
      hint: "give a command",
      details: { image: spec.image },
    });
  }
  return args;
}

/** Later entries win and keep the place of the first; a bare `KEY` removes. `removals` are applied last, to what the lists before it gave. */
export function mergeEnvironment(base: readonly string[], over: readonly string[], removals: readonly string[] = over): string[] {
  const merged = new Map(base.map((entry) => [keyOf(entry), entry]));
  for (const entry of over) if (entry.includes("=")) merged.set(keyOf(entry), entry);
  for (const entry of removals) if (!entry.includes("=")) merged.delete(entry);
  return [...merged.values()];
}

const keyOf = (entry: string): string => entry.split("=", 1)[0] ?? entry;
