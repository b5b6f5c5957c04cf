import { z } from "zod";
import { RbuildError } from "../../../../system/index.ts";
import type { SpecSeccomp, SpecSyscallRule } from "../runtime-spec.ts";

const condition = z.object({
  caps: z.array(z.string()).nullish(),
  arches: z.array(z.string()).nullish(),
  minKernel: z.string().nullish(),
});

/** Docker's form of a seccomp profile: rules with conditions on capabilities, architecture and kernel. */
export const dockerProfileSchema = z.object({
  defaultAction: z.string(),
  defaultErrnoRet: z.int().nonnegative().nullish(),
  architectures: z.array(z.string()).nullish(),
  archMap: z.array(z.object({ architecture: z.string(), subArchitectures: z.array(z.string()).nullish() })).nullish(),
  syscalls: z
    .array(
      z.object({
        name: z.string().nullish(),
        names: z.array(z.string()).nullish(),
        action: z.string(),
        errnoRet: z.int().nonnegative().nullish(),
        args: z.array(z.object({ index: z.int().min(0).max(5), value: z.number(), valueTwo: z.number().nullish(), op: z.string() })).nullish(),
        includes: condition.nullish(),
        excludes: condition.nullish(),
      }),
    )
    .max(4096)
    .nullish(),
});

export type DockerProfile = z.infer<typeof dockerProfileSchema>;

export interface ProfileFacts {
  /** Capabilities granted, without `CAP_`. */
  readonly capabilities: readonly string[];
  readonly architecture: "amd64" | "arm64";
  readonly kernel: readonly [number, number];
}

const NATIVE: Readonly<Record<ProfileFacts["architecture"], string>> = { amd64: "SCMP_ARCH_X86_64", arm64: "SCMP_ARCH_AARCH64" };

/** @throws RbuildError `container.bad-seccomp-profile` */
export function parseDockerProfile(value: unknown): DockerProfile {
  const result = dockerProfileSchema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new RbuildError("container.bad-seccomp-profile", `the seccomp profile is not in Docker's form: ${issue?.path.join(".")}: ${issue?.message}`, {
    category: "invalid",
  });
}

/** The rules that hold for one container, as the runtime-spec has them. */
export function resolveProfile(profile: DockerProfile, facts: ProfileFacts): SpecSeccomp {
  const native = NATIVE[facts.architecture];
  const family = profile.archMap?.find(({ architecture }) => architecture === native);
  const architectures = profile.architectures?.length ? profile.architectures : family ? [native, ...(family.subArchitectures ?? [])] : [];
  const syscalls = (profile.syscalls ?? []).flatMap(({ name, names, action, errnoRet, args, includes, excludes }): SpecSyscallRule[] => {
    const all = [...(name ? [name] : []), ...(names ?? [])];
    if (all.length === 0 || !isIncluded(includes, facts) || isExcluded(excludes, facts)) return [];
    return [
      {
        names: all,
        action,
        ...(errnoRet == null ? {} : { errnoRet }),
        ...(args?.length ? { args: args.map(({ index, value, valueTwo, op }) => ({ index, value, ...(valueTwo == null ? {} : { valueTwo }), op })) } : {}),
      },
    ];
  });
  return {
    defaultAction: profile.defaultAction,
    ...(profile.defaultErrnoRet == null ? {} : { defaultErrnoRet: profile.defaultErrnoRet }),
    ...(architectures.length ? { architectures } : {}),
    syscalls,
  };
}

type Condition = z.infer<typeof condition> | null | undefined;
const hasCapability = (facts: ProfileFacts, name: string) => facts.capabilities.includes(name.replace(/^CAP_/, ""));

/** All capabilities, one of the architectures, and the kernel. */
function isIncluded(includes: Condition, facts: ProfileFacts): boolean {
  if (includes?.arches?.length && !includes.arches.includes(facts.architecture)) return false;
  if (includes?.minKernel && !isKernelAtLeast(facts.kernel, includes.minKernel)) return false;
  return (includes?.caps ?? []).every((name) => hasCapability(facts, name));
}

/** Any of the capabilities, architectures, or the kernel. */
function isExcluded(excludes: Condition, facts: ProfileFacts): boolean {
  if (excludes?.arches?.includes(facts.architecture)) return true;
  if (excludes?.minKernel && isKernelAtLeast(facts.kernel, excludes.minKernel)) return true;
  return (excludes?.caps ?? []).some((name) => hasCapability(facts, name));
}

function isKernelAtLeast([major, minor]: readonly [number, number], wanted: string): boolean {
  const [wantedMajor = 0, wantedMinor = 0] = wanted.split(".").map(Number);
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}
