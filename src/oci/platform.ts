import { OciFormatError } from "./errors.ts";

/** OCI platform, of `linux` only. */
export interface Platform {
  readonly os: "linux";
  readonly architecture: OciArchitecture;
  readonly variant?: string;
}

/** GOARCH names, as the OCI image-spec uses them. */
export type OciArchitecture = "amd64" | "arm64" | "arm" | "386" | "ppc64le" | "s390x" | "riscv64";
/** Debian architecture names. */
export type DebianArchitecture = "amd64" | "arm64" | "armhf" | "i386" | "ppc64el" | "s390x" | "riscv64";

const TABLE: readonly (readonly [DebianArchitecture, OciArchitecture, string | undefined])[] = [
  ["amd64", "amd64", undefined],
  ["arm64", "arm64", undefined],
  ["armhf", "arm", "v7"],
  ["i386", "386", undefined],
  ["ppc64el", "ppc64le", undefined],
  ["s390x", "s390x", undefined],
  ["riscv64", "riscv64", undefined],
];

export function platformFromDebian(architecture: string): Platform {
  const row = TABLE.find(([debian]) => debian === architecture);
  if (!row) throw new OciFormatError("architecture", `${JSON.stringify(architecture)} is not a Debian architecture known here`);
  return { os: "linux", architecture: row[1], ...(row[2] ? { variant: row[2] } : {}) };
}

export function debianFromPlatform(platform: Platform): DebianArchitecture {
  const row = TABLE.find(
    ([, oci, variant]) => oci === platform.architecture && (variant === undefined || platform.variant === undefined || platform.variant === variant),
  );
  if (!row) throw new OciFormatError("platform", `${platformText(platform)} has no Debian architecture`);
  return row[0];
}

export function parseArchitecture(text: string): OciArchitecture {
  const row = TABLE.find(([, oci]) => oci === text);
  if (!row) throw new OciFormatError("architecture", `${JSON.stringify(text)} is not an OCI architecture known here`);
  return row[1];
}

/** `linux/amd64`, `linux/arm/v7`. */
export function platformText(platform: Platform): string {
  return [platform.os, platform.architecture, ...(platform.variant ? [platform.variant] : [])].join("/");
}

/** The platform of this process. */
export function hostPlatform(arch: string = process.arch): Platform {
  switch (arch) {
    case "x64":
      return { os: "linux", architecture: "amd64" };
    case "arm64":
      return { os: "linux", architecture: "arm64" };
    default:
      throw new OciFormatError("architecture", `this host's ${arch} is not supported; x64 and arm64 are`);
  }
}
