import { withStep } from "../../../make-runner/index.ts";
import { byteString, type TarInput, tarHeader } from "../../../system/tar/index.ts";
import type { Pool } from "../../pool/pool.ts";
import type { BuildWorkspace } from "../build-workspace.ts";
import { STEP_POLICY } from "../normalise/engine-rules.ts";
import type { PackageFacts } from "../packages/package-facts.ts";
import { type StepContainer, stepDirectory, textFile } from "../steps/step-container.ts";
import { explainInstallFailure } from "./install-failure.ts";
import { DEBS_DIRECTORY, debName, installScript } from "./install-script.ts";

export interface InstallOptions {
  /** The image's. */
  readonly name: string;
  /** The container has nothing but its essential packages' files. */
  readonly isFirst: boolean;
  /** Seconds since 1970. */
  readonly sourceDateEpoch: number;
}

/**
 * Installs packages with the dpkg of a container that has no network.
 * @throws RbuildError `image.install-failed`, `image.no-space`, `image.step-failed`, and the pool's
 */
export async function installPackages(
  packages: readonly PackageFacts[],
  container: StepContainer,
  pool: Pick<Pool, "read">,
  { name, ...options }: InstallOptions,
  { report, parentStep, signal }: BuildWorkspace,
): Promise<void> {
  if (packages.length === 0) return;
  await withStep(report, { name: "image.install", subject: name, ...(parentStep === undefined ? {} : { parent: parentStep }) }, async (step) => {
    await container.put(debFiles(packages, pool, signal));
    // Every package is unpacked once and set up once.
    const total = 2 * packages.length;
    let done = 0;
    const script = installScript(packages, options);
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

async function* debFiles(packages: readonly PackageFacts[], pool: Pick<Pool, "read">, signal: AbortSignal | undefined): AsyncGenerator<TarInput> {
  yield stepDirectory();
  yield tarHeader({ path: byteString(`${DEBS_DIRECTORY}/`), kind: "directory", mode: 0o755 });
  yield textFile(STEP_POLICY, "#!/bin/sh\nexit 101\n", 0o755);
  for (const facts of packages) {
    signal?.throwIfAborted();
    const path = byteString(`${DEBS_DIRECTORY}/${debName(facts)}`);
    yield { ...tarHeader({ path, kind: "file", mode: 0o644, size: facts.locked.size }), body: pool.read(facts.locked) };
  }
}
