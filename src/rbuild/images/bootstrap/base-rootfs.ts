import { withStep } from "../../../make-runner/index.ts";
import { RbuildError } from "../../../system/index.ts";
import { readTar, type TarEntry } from "../../../system/tar/index.ts";
import type { Bootstrap } from "../../definition/schema.ts";
import type { Mirror } from "../../mirror/find-mirror.ts";
import type { BuildWorkspace } from "../build-workspace.ts";
import { STEP_DIRECTORY } from "../normalise/engine-rules.ts";
import { aptSettings, aptSourceLine, archiveCheck, certificateFiles } from "../steps/apt-setup.ts";
import { runContainerStep } from "../steps/step-container.ts";
import { ensureToolImage } from "./host-bootstrap.ts";

const OUTPUT = `/${STEP_DIRECTORY}/rootfs.tar`;
const CHECK = `/${STEP_DIRECTORY}/check-archive`;

/**
 * Makes a suite's root file system with the suite's own mmdebstrap, APT and dpkg, in a container, and hands its tar's entries to
 * `use`. The archive's signature is checked by APT.
 */
export async function withBootstrappedRootfs<T>(
  name: string,
  bootstrap: Bootstrap,
  sourceDateEpoch: number,
  mirror: Mirror,
  workspace: BuildWorkspace,
  use: (entries: AsyncIterable<TarEntry>) => Promise<T>,
): Promise<T> {
  const { host, report, work, parentStep, signal } = workspace;
  const image = await ensureToolImage(bootstrap, mirror, workspace);
  await using made = await withStep(report, { name: "image.build", subject: name, ...(parentStep === undefined ? {} : { parent: parentStep }) }, async (step) =>
    runContainerStep(
      host,
      {
        image,
        script: script(bootstrap, sourceDateEpoch, mirror),
        files: [{ path: CHECK, content: archiveCheck(bootstrap), executable: true }, ...(await certificateFiles(mirror))],
        work,
        purpose: `bootstrap ${bootstrap.suite} for the image ${name}`,
        ...(signal === undefined ? {} : { signal }),
      },
      step,
      report,
    ),
  );
  const archive = (await made.container.getArchive({ path: OUTPUT })) as AsyncIterable<Uint8Array> & NodeJS.ReadableStream;
  for await (const entry of readTar(archive)) {
    if (entry.kind === "file") return await use(readTar(entry.body));
  }
  throw new RbuildError("image.step-failed", `the bootstrap of ${name} left no root file system`);
}

function script(bootstrap: Bootstrap, sourceDateEpoch: number, mirror: Mirror): string {
  const options = [
    "--mode=root",
    `--variant=${bootstrap.variant}`,
    "--format=tar",
    "--skip=output/dev",
    ...(bootstrap.packages.length > 0 ? [`--include=${bootstrap.packages.join(",")}`] : []),
    ...aptSettings(mirror).map((line) => `--aptopt=${line}`),
    // Otherwise init-system-helpers brings usrmerge and with it perl.
    "--hook-dir=/usr/share/mmdebstrap/hooks/maybe-merged-usr",
    `--extract-hook=${CHECK} "$1"`,
  ];
  const args = [...options, bootstrap.suite, OUTPUT, aptSourceLine(bootstrap, mirror)];
  return `export SOURCE_DATE_EPOCH=${sourceDateEpoch} DEBIAN_FRONTEND=noninteractive\nexec mmdebstrap ${args.map(shellQuote).join(" ")}\n`;
}

export function shellQuote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
