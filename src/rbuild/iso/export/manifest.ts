import { canonicalJson, type JsonValue } from "../../../oci/index.ts";
import { counted } from "../../../system/counted.ts";
import { redact } from "../../../system/index.ts";
import type { EnsuredImage } from "../../images/image-operations.ts";
import type { RbuildYaml } from "../config/schema.ts";
import type { GitFacts } from "../git/git-facts.ts";
import type { PackageSupply } from "../supply/choose-supply.ts";
import type { InstalledPackage } from "./packages.ts";
import type { StagedArtifact } from "./stage-artifacts.ts";

/** Raised whenever a member changes its meaning. */
export const MANIFEST_SCHEMA = 1;
/** Changed files that a manifest lists; it always has their number. */
const MAX_CHANGED_FILES = 1000;

export interface ManifestFacts {
  readonly git: GitFacts;
  /** The project's directory below the Git tree's top, "." for the top itself. */
  readonly directory: string;
  readonly images: readonly EnsuredImage[];
  readonly config: RbuildYaml;
  readonly target: string;
  readonly supply: PackageSupply;
  /** That the build had: `loopback` is one with nothing but the package proxy on it. */
  readonly network: RbuildYaml["network"] | "loopback";
  readonly proxy: string;
  readonly isRam: boolean;
  readonly builderPackages: readonly InstalledPackage[];
  readonly systemPackages: readonly InstalledPackage[];
  readonly artifacts: readonly StagedArtifact[];
  readonly log: StagedArtifact;
  readonly tools: { readonly rbuild: string; readonly make: string };
  /** Facts of this run and this machine: nothing here says anything of the artifacts. */
  readonly host: Readonly<Record<string, string | number | boolean | undefined>>;
}

/** Why a build is not for publication; empty when it is. */
export function objections(git: GitFacts, images: readonly EnsuredImage[], supply: PackageSupply): string[] {
  const dirty = git.changedFiles.length;
  return [
    ...(supply.kind === "mirror" && supply.objection !== undefined ? [supply.objection] : []),
    ...images.flatMap((image) => (image.kind === "overridden" ? [image.reason] : [])),
    ...(dirty > 0 ? [`the tree has ${counted(dirty, "changed file")} that ${git.commit} does not have`] : []),
  ];
}

/** The build manifest as canonical JSON with a newline. docs/build-flow.md has its members. */
export function manifestText(facts: ManifestFacts): string {
  const { git, config } = facts;
  const reasons = objections(git, facts.images, facts.supply);
  const value = {
    kind: "org.rbuild.build-manifest",
    schema: MANIFEST_SCHEMA,
    publishable: reasons.length === 0,
    reasons,
    source: {
      commit: git.commit,
      ref: git.ref,
      tag: git.tag,
      release: git.isRelease,
      baseBranch: git.baseBranch && { ...git.baseBranch },
      directory: facts.directory,
      changedFileCount: git.changedFiles.length,
      changedFiles: git.changedFiles.slice(0, MAX_CHANGED_FILES),
      sourceDateEpoch: git.sourceDateEpoch,
    },
    images: facts.images.map((image) => ({ ...image, pin: image.pin && { ...image.pin } })),
    packages: { builder: facts.builderPackages.map((each) => ({ ...each })), system: facts.systemPackages.map((each) => ({ ...each })) },
    lock: lockMember(facts),
    tools: facts.tools,
    options: {
      target: facts.target,
      artifacts: config.artifacts,
      capabilities: config.capabilities,
      devices: config.devices,
      network: facts.network,
      proxy: redact(facts.proxy),
      ram: facts.isRam,
      memory: config.memory,
      timeout: config.timeout,
      environment: Object.fromEntries(Object.entries(config.environment).map(([key, text]) => [key, redact(`${key}=${text}`).slice(key.length + 1)])),
    },
    artifacts: facts.artifacts.map((artifact) => ({ ...artifact })),
    log: { ...facts.log },
    host: facts.host,
  };
  return `${canonicalJson(value)}\n`;
}

/** Of a tree that declares one. */
function lockMember({ config, supply }: Pick<ManifestFacts, "config" | "supply">): JsonValue | undefined {
  if (config.lock === undefined) return undefined;
  return supply.kind === "locked" ? { locked: true, digest: supply.digest, packageCount: supply.lock.packages.length } : { locked: false };
}
