import { openStep } from "../../../make-runner/index.ts";
import { RbuildError } from "../../../system/index.ts";
import { runContainer } from "../../container-host/container.ts";
import type { ContainerHost } from "../../container-host/container-host.ts";
import type { RbuildReport } from "../../events.ts";
import { cachingProxy, type ProxyPlan } from "./proxy-container.ts";

/** Bytes that a cache is shrunk to: a few releases of a live system. */
export const MAX_CACHE_BYTES = 5 * 2 ** 30;

/** Drops what was not used for longest until the rest of the cache is small enough. The cache must not be in use. A cache that stays too big is no reason to lose a build: it is reported. */
export async function shrinkCache(
  plan: ProxyPlan,
  volume: string,
  { containerHost, report }: { readonly containerHost: ContainerHost; readonly report: RbuildReport },
): Promise<void> {
  const step = openStep(report, { name: "proxy.shrink", subject: volume });
  try {
    const size = `${Math.ceil((plan.cacheLimit ?? MAX_CACHE_BYTES) / 2 ** 20)}M`;
    const options = cachingProxy(plan, "shrink", volume, ["shrink", size]);
    const { exit, stdout, stderr } = await runContainer(containerHost, options, { maxOutput: 64 * 1024 });
    if (exit.code !== 0) throw notShrunk(exit.code, `${stdout}${stderr}`);
    step.finish();
  } catch (error) {
    step.fail(error);
    report({ kind: "warning.raised", code: "proxy.not-shrunk", message: error instanceof Error ? error.message : String(error) });
  }
}

function notShrunk(exitCode: number, output: string): RbuildError {
  return new RbuildError("proxy.not-shrunk", `the package proxy's cache could not be shrunk: ${output.trim().slice(-500)}`, {
    hint: "rbuild iso --proxy none goes without it",
    details: { exitCode },
  });
}
