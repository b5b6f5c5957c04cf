import type { ContainerSecurity } from "../../../engine/index.ts";
import type { HostConfigBody } from "./host-config-body.ts";
import { invalidOption } from "./refusal.ts";

type SecurityBody = Pick<HostConfigBody, "CapAdd" | "CapDrop" | "Privileged" | "SecurityOpt" | "ReadonlyRootfs" | "MaskedPaths" | "ReadonlyPaths">;

export function translateSecurity(host: SecurityBody): { readonly security: ContainerSecurity; readonly warnings: readonly string[] } {
  const options = host.SecurityOpt.map(translateOption);
  const warnings = options.flatMap((option) => (option.warning === undefined ? [] : [option.warning]));
  const security = {
    ...(host.CapAdd ? { capAdd: host.CapAdd.map(capability) } : {}),
    ...(host.CapDrop ? { capDrop: host.CapDrop.map(capability) } : {}),
    ...(host.Privileged ? { privileged: true } : {}),
    ...(host.ReadonlyRootfs ? { readOnlyRootfs: true } : {}),
    ...(host.MaskedPaths ? { maskedPaths: host.MaskedPaths } : {}),
    ...(host.ReadonlyPaths ? { readonlyPaths: host.ReadonlyPaths } : {}),
  };
  return { security: Object.assign({}, security, ...options.map((option) => option.security)) as ContainerSecurity, warnings };
}

/** `CAP_SYS_ADMIN`, `sys_admin` and `SYS_ADMIN` are one. */
function capability(name: string): string {
  const plain = name.trim().toUpperCase().replace(/^CAP_/, "");
  if (!/^[A-Z][A-Z0-9_]{0,63}$/.test(plain)) throw invalidOption("capability", name, "it is not a capability's name");
  return plain;
}

/** One `--security-opt`: `no-new-privileges`, `seccomp=…`, `apparmor=…`, `label=…`; a colon may stand for the equals sign. */
function translateOption(text: string): { readonly security?: Partial<ContainerSecurity>; readonly warning?: string } {
  const at = text.search(/[=:]/);
  const [key, value] = at === -1 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
  switch (key) {
    case "no-new-privileges":
      if (!["", "true", "false"].includes(value)) throw invalidOption("--security-opt", text, "it is true or false");
      return { security: { noNewPrivileges: value !== "false" } };
    case "seccomp":
      return { security: { seccomp: seccomp(value) } };
    case "apparmor":
      return value === "unconfined" || value === ""
        ? {}
        : { warning: `the AppArmor profile ${JSON.stringify(value.slice(0, 100))} is not applied: this engine does not use AppArmor` };
    case "label":
    case "writable-cgroups":
      return {};
    case "systempaths":
      if (value !== "unconfined") throw invalidOption("--security-opt", text, "only systempaths=unconfined is known");
      return { security: { maskedPaths: [], readonlyPaths: [] } };
    default:
      throw invalidOption("--security-opt", text, "it is not known");
  }
}

function seccomp(value: string): NonNullable<ContainerSecurity["seccomp"]> {
  if (value === "unconfined") return "unconfined";
  if (value === "builtin" || value === "default" || value === "") return "default";
  try {
    return { profile: JSON.parse(value) as unknown };
  } catch {
    throw invalidOption("--security-opt seccomp", value, "it is neither unconfined nor a profile in JSON");
  }
}
