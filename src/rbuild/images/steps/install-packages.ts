import type Docker from "dockerode";
import { withStep } from "../../../make-runner/index.ts";
import type { Bootstrap, ImageDefinition } from "../../definition/schema.ts";
import type { Mirror } from "../../mirror/find-mirror.ts";
import type { BuildWorkspace } from "../build-workspace.ts";
import { STEP_APT_CONFIG, STEP_APT_SOURCES, STEP_DIRECTORY, STEP_POLICY } from "../normalise/engine-rules.ts";
import { aptSettings, aptSourceLine, archiveCheck, certificateFiles } from "./apt-setup.ts";
import { runContainerStep } from "./step-container.ts";

const CHECK = `/${STEP_DIRECTORY}/check-archive`;

/** Where the packages of an image come from. */
export interface PackageSource {
  readonly bootstrap: Bootstrap;
  readonly mirror: Mirror;
  /** Seconds since 1970. */
  readonly sourceDateEpoch: number;
}

/**
 * Installs a definition's packages, if it has any, in a container made from `image`, whose file system has them when this returns.
 * APT stays set up for the mirror in it; the normalisation takes that out.
 */
export async function installPackages(
  { name, packages = [] }: ImageDefinition,
  image: string,
  { bootstrap, mirror, sourceDateEpoch }: PackageSource,
  workspace: BuildWorkspace,
): Promise<{ readonly container: Docker.Container } & AsyncDisposable> {
  const { host, report, work, parentStep, signal } = workspace;
  const files = [
    { path: `/${STEP_APT_SOURCES}`, content: `${aptSourceLine(bootstrap, mirror)}\n` },
    { path: `/${STEP_APT_CONFIG}`, content: `${aptSettings(mirror).join("\n")}\n` },
    { path: `/${STEP_POLICY}`, content: "#!/bin/sh\nexit 101\n", executable: true },
    { path: CHECK, content: archiveCheck(bootstrap), executable: true },
    ...(await certificateFiles(mirror)),
  ];
  const install = packages.length === 0 ? "" : `apt-get install ${packages.join(" ")}\napt-get clean\n`;
  const script = `export SOURCE_DATE_EPOCH=${sourceDateEpoch} DEBIAN_FRONTEND=noninteractive\napt-get update\n${CHECK} ""\n${install}`;
  return withStep(report, { name: "image.build", subject: name, ...(parentStep === undefined ? {} : { parent: parentStep }) }, (step) =>
    runContainerStep(
      host,
      { image, script, files, work, purpose: `install the packages of the image ${name}`, ...(signal === undefined ? {} : { signal }) },
      step,
      report,
    ),
  );
}
