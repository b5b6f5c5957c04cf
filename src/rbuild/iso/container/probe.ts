import { DATABASE_ARGS, hasTarget, type MakeDatabase, parseMakeDatabase } from "../../../make-runner/index.ts";
import { RbuildError, redact, stripControl } from "../../../system/index.ts";
import { runContainer } from "../../container-host/container.ts";
import type { ContainerHost } from "../../container-host/container-host.ts";
import { type InstalledPackage, parsePackages } from "../export/packages.ts";
import { unknownTarget } from "../preflight/makefile.ts";
import { type ContainerPlan, containerOptions } from "./build-container.ts";
import { CONTAINER } from "./paths.ts";

const MAX_PROBE_OUTPUT = 32 * 2 ** 20;
const SEPARATOR = "\u0001rbuild-probe\u0001";

/** Tells make's version, the image's packages and make's database. Never fails itself. */
const SCRIPT = `umask 022
mkdir -p ${CONTAINER.scratch}
separator=$1; shift
make --version 2>/dev/null | head -n 1
echo "$separator"
dpkg-query --show --showformat='\${Package}\\t\${Version}\\t\${Architecture}\\n' 2>/dev/null
echo "$separator"
make "$@"
exit 0`;

/** What is known of the builder image and the tree before the build. */
export interface Probe {
  /** First line of `make --version`. */
  readonly make: string;
  /** Empty for an image without dpkg. */
  readonly packages: readonly InstalledPackage[];
  readonly database: MakeDatabase;
}

/**
 * Looks at the tree with the builder image's own make, without network and without capabilities.
 * @throws RbuildError `iso.builder-without-make`, `iso.broken-makefile`, `iso.unknown-target`
 */
export async function probe(
  host: ContainerHost,
  plan: Omit<ContainerPlan, "role" | "command" | "capabilities" | "devices" | "network">,
  { makefile, target, signal }: { readonly makefile: string; readonly target: string; readonly signal?: AbortSignal },
): Promise<Probe> {
  const command = ["/bin/sh", "-c", SCRIPT, "rbuild", SEPARATOR, "-f", makefile, ...DATABASE_ARGS];
  const options = containerOptions({ ...plan, role: "probe", command, capabilities: [], devices: [], network: "none" });
  const { stdout, stderr } = await runContainer(host, options, { maxOutput: MAX_PROBE_OUTPUT, ...(signal ? { signal } : {}) });
  const [make = "", packages = "", database = ""] = stdout.split(`${SEPARATOR}\n`);
  if (!make.startsWith("GNU Make")) {
    throw new RbuildError("iso.builder-without-make", "the builder image has no GNU make that runs", {
      category: "invalid",
      hint: "add the package make to the builder's image.yaml",
      details: { imageId: plan.imageId, stderr: stderr.slice(0, 2000) },
    });
  }
  // That it has no rule for the goal ":" is what a makefile in order says.
  if (/\*\*\* .*\bStop\.$/m.test(stderr.replace(/^.*No rule to make target ':'.*$/m, ""))) throw brokenMakefile(makefile, stderr);
  const parsed = parseMakeDatabase(database);
  if (!hasTarget(parsed, target))
    throw unknownTarget(
      target,
      makefile,
      parsed.targets.filter((name) => name !== makefile),
    );
  return { make: make.trim(), packages: parsePackages(packages), database: parsed };
}

function brokenMakefile(makefile: string, stderr: string): RbuildError {
  const said = redact(stripControl(stderr)).trim().split("\n").slice(-5).join("\n");
  return new RbuildError("iso.broken-makefile", `make cannot read ${makefile}: ${said}`, {
    category: "invalid",
    hint: `make --question : in the tree says the same; correct ${makefile}`,
    details: { makefile },
  });
}
