import { createReadStream } from "node:fs";
import { withStep } from "../../../make-runner/index.ts";
import { byteString, type TarInput, tarHeader } from "../../../system/tar/index.ts";
import type { BuildWorkspace } from "../build-workspace.ts";
import { STEP_POLICY } from "../normalise/engine-rules.ts";
import type { PlainPackage } from "../packages/read-packages.ts";
import { type StepContainer, stepDirectory, textFile } from "../steps/step-container.ts";
import { type PutOptions, putEssential } from "../unpack/put-unpacked.ts";
import { explainInstallFailure } from "./install-failure.ts";
import { ANSWERS_DIRECTORY, DEBS_DIRECTORY, debName, installScript } from "./install-script.ts";

const CHUNK = 256 * 1024;

export interface InstallOptions extends PutOptions {
  /** The image's. */
  readonly name: string;
  /** The container has nothing yet. */
  readonly isFirst: boolean;
}

/**
 * Installs packages with the dpkg of a container that has no network.
 * @throws RbuildError `image.install-failed`, `image.no-space`, `image.step-failed`
 */
export async function installPackages(
  packages: readonly PlainPackage[],
  container: StepContainer,
  { name, ...options }: InstallOptions,
  { report, parentStep }: BuildWorkspace,
): Promise<void> {
  if (packages.length === 0) return;
  await withStep(report, { name: "image.install", subject: name, ...(parentStep === undefined ? {} : { parent: parentStep }) }, async (step) => {
    if (options.isFirst) await putEssential(packages, container, options);
    await container.put(debFiles(packages, options.signal));
    // Every package is unpacked once and set up once.
    const total = 2 * packages.length;
    let done = 0;
    const script = installScript(
      packages.map(({ facts }) => facts),
      options,
    );
    const purpose = `install the packages of ${name}`;
    await container.run({
      script,
      purpose,
      step,
      line(text) {
        if (/^(?:Unpacking|Setting up) /.test(text)) step.progress(Math.min(++done, total), "items", total);
      },
      failure: (exitCode, lines) => explainInstallFailure(purpose, exitCode, lines),
    });
  });
}

function* debFiles(packages: readonly PlainPackage[], signal: AbortSignal | undefined): Generator<TarInput> {
  yield stepDirectory();
  yield tarHeader({ path: byteString(`${DEBS_DIRECTORY}/`), kind: "directory", mode: 0o755 });
  yield textFile(STEP_POLICY, "#!/bin/sh\nexit 101\n", 0o755);
  yield tarHeader({ path: byteString(`${ANSWERS_DIRECTORY}/`), kind: "directory", mode: 0o755 });
  // No init runs here that scripts would have to tell of new files, and wait for: ischroot(1).
  yield textFile(`${ANSWERS_DIRECTORY}/ischroot`, "#!/bin/sh\nexit 0\n", 0o755);
  for (const { facts, deb } of packages) {
    signal?.throwIfAborted();
    const path = byteString(`${DEBS_DIRECTORY}/${debName(facts)}`);
    yield {
      ...tarHeader({ path, kind: "file", mode: 0o644, size: deb.size }),
      body: createReadStream(deb.path, { highWaterMark: CHUNK }) as AsyncIterable<Uint8Array>,
    };
  }
}
