import type { BindMount, ContainerMount, TmpfsMount, VolumeMount } from "../../../engine/index.ts";
import type { HostConfigBody, MountBody } from "./host-config-body.ts";
import { invalidOption, unsupportedOption } from "./refusal.ts";

const VOLUME_NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;
type Propagation = NonNullable<BindMount["propagation"]>;
const PROPAGATIONS = new Set<string>(["private", "rprivate", "slave", "rslave", "shared", "rshared"]);
const isPropagation = (text: string): text is Propagation => PROPAGATIONS.has(text);
/** Options that say something about SELinux or about other systems' file sharing: nothing to do here. */
const MEANINGLESS = new Set(["z", "Z", "consistent", "cached", "delegated", "rw"]);

/** All that Docker has for mounts, in one list; the same target twice is refused. */
export function translateMounts(host: Pick<HostConfigBody, "Binds" | "Mounts" | "Tmpfs">, volumes: readonly string[]): ContainerMount[] {
  const explicit: ContainerMount[] = [
    ...host.Binds.map(translateBind),
    ...host.Mounts.map(translateMount),
    ...Object.entries(host.Tmpfs).map(([target, options]) => translateTmpfs(target, options)),
  ];
  const seen = new Set<string>();
  for (const { target } of explicit) {
    if (seen.has(target)) throw invalidOption("mount", target, `Duplicate mount point: ${target}`);
    seen.add(target);
  }
  const anonymous = volumes.map((target): VolumeMount => ({ kind: "volume", target: targetPath("volume", target, target), readOnly: false }));
  return [...explicit, ...anonymous.filter(({ target }) => !seen.has(target))];
}

/** `source:target[:options]`; a source that is not an absolute path names a volume. */
export function translateBind(text: string): BindMount | VolumeMount {
  const parts = text.split(":");
  const [source = "", second, options = ""] = parts;
  if (parts.length > 3) throw invalidOption("volume specification", text, "at most source:target:options");
  if (second === undefined) return { kind: "volume", target: targetPath("volume specification", text, source), readOnly: false };
  const target = targetPath("volume specification", text, second);
  const flags = options.split(",").filter((option) => option !== "" && !MEANINGLESS.has(option));
  const readOnly = flags.includes("ro");
  const propagation = flags.find(isPropagation);
  const unknown = flags.find((flag) => flag !== "ro" && flag !== "nocopy" && flag !== "volume-nocopy" && !isPropagation(flag));
  if (unknown !== undefined) throw invalidOption("volume specification", text, `invalid mode: ${options}`);
  if (source.startsWith("/")) return { kind: "bind", source: cleanPath(source), target, readOnly, createSource: true, ...(propagation ? { propagation } : {}) };
  if (!VOLUME_NAME.test(source))
    throw invalidOption("volume specification", text, "the source is neither an absolute path nor a volume's name ([a-zA-Z0-9][a-zA-Z0-9_.-])");
  return { kind: "volume", name: source, target, readOnly, ...(flags.some((flag) => flag.endsWith("nocopy")) ? { noCopy: true } : {}) };
}

function translateMount(mount: MountBody): ContainerMount {
  const target = targetPath("mount target", mount.Target, mount.Target);
  const readOnly = mount.ReadOnly;
  switch (mount.Type) {
    case "bind": {
      const propagation = mount.BindOptions?.Propagation ?? "";
      if (!mount.Source.startsWith("/")) throw invalidOption("mount source", mount.Source, "a bind mount's source is an absolute path");
      if (propagation !== "" && !isPropagation(propagation))
        throw invalidOption("bind propagation", propagation, "it is none of private, slave, shared and their r forms");
      const createSource = mount.BindOptions?.CreateMountpoint ? { createSource: true } : {};
      return { kind: "bind", source: cleanPath(mount.Source), target, readOnly, ...createSource, ...(isPropagation(propagation) ? { propagation } : {}) };
    }
    case "volume": {
      const { NoCopy, Subpath, DriverConfig } = mount.VolumeOptions ?? {};
      if (Subpath) throw unsupportedOption("volume-subpath", Subpath);
      if (DriverConfig?.Name && DriverConfig.Name !== "local") throw unsupportedOption("volume-driver", DriverConfig.Name);
      if (mount.Source !== "" && !VOLUME_NAME.test(mount.Source)) throw invalidOption("mount source", mount.Source, "it is not a volume's name");
      return { kind: "volume", ...(mount.Source ? { name: mount.Source } : {}), target, readOnly, ...(NoCopy ? { noCopy: true } : {}) };
    }
    case "tmpfs": {
      const { SizeBytes, Mode, Options } = mount.TmpfsOptions ?? {};
      const options = (Options ?? []).map((option) => option.join("="));
      return tmpfs(target, { ...(readOnly ? { readOnly } : {}), ...(SizeBytes ? { size: SizeBytes } : {}), ...(Mode ? { mode: Mode & 0o7777 } : {}) }, options);
    }
    default:
      throw mount.Type === "" ? invalidOption("mount", mount.Target, "it has no type") : unsupportedOption("mount type", mount.Type);
  }
}

/** `size=64m,mode=1777,noexec`, as in tmpfs(5). */
export function translateTmpfs(path: string, text: string): TmpfsMount {
  const target = targetPath("tmpfs", path, path);
  let known: Omit<TmpfsMount, "kind" | "target" | "options"> = {};
  const options: string[] = [];
  for (const option of text.split(",").filter((part) => part !== "" && part !== "rw")) {
    const [key, value = ""] = option.split("=", 2);
    const size = key === "size" ? parseSize(value) : undefined;
    if (size !== undefined) known = { ...known, size };
    else if (key === "mode" && /^[0-7]{1,4}$/.test(value)) known = { ...known, mode: Number.parseInt(value, 8) };
    else if (option === "ro") known = { ...known, readOnly: true };
    else options.push(option);
  }
  return tmpfs(target, known, options);
}

const tmpfs = (target: string, known: Omit<TmpfsMount, "kind" | "target" | "options">, options: readonly string[]): TmpfsMount => ({
  kind: "tmpfs",
  target,
  ...known,
  ...(options.length > 0 ? { options } : {}),
});

/** Bytes of `64m`; undefined for what the kernel alone understands, such as `50%`. */
function parseSize(text: string): number | undefined {
  const match = /^(\d{1,15})([kmg]?)b?$/i.exec(text);
  return match ? Number(match[1]) * 1024 ** " kmg".indexOf(match[2]?.toLowerCase() || " ") : undefined;
}

function targetPath(option: string, text: string, target: string): string {
  if (!target.startsWith("/")) throw invalidOption(option, text, "the target is not an absolute path");
  const clean = cleanPath(target);
  if (clean === "/") throw invalidOption(option, text, "destination can't be '/'");
  return clean;
}

/** Without `.`, `..`, doubled or trailing slashes, as text alone: links are the engine's matter. */
function cleanPath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}
