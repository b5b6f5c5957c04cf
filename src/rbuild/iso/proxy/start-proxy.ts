import type Docker from "dockerode";
import { withStep } from "../../../make-runner/index.ts";
import { RbuildError, redact, stripControl } from "../../../system/index.ts";
import { createContainer } from "../../container-host/container.ts";
import type { ContainerHost } from "../../container-host/container-host.ts";
import { execInContainer } from "../../container-host/exec.ts";
import { asked } from "../../container-host/host-error.ts";
import type { RbuildReport } from "../../events.ts";
import { takeCacheSlot } from "./cache-slot.ts";
import { PROXY_IMAGE, PROXY_PORT, type ProxyPlan, proxyContainer, proxyName } from "./proxy-container.ts";
import { shrinkCache } from "./shrink.ts";

export interface ProxyDependencies {
  readonly containerHost: ContainerHost;
  readonly report: RbuildReport;
  readonly stateDirectory: string;
}

/** A proxy that answers. Disposing takes it away and shrinks its cache. */
export interface RunningProxy extends AsyncDisposable {
  /** For a container's `Links`: only what is linked gets to it by name. */
  readonly link: { readonly container: string; readonly alias: string };
  /** As the linked container sees it. */
  readonly url: string;
}

/**
 * Shrinks a cache that no other build uses, starts apt-cacher-ng on it in a container of its own and waits until it answers.
 * @throws RbuildError `proxy.did-not-start`, `proxy.all-caches-busy`
 */
export async function startProxy(plan: ProxyPlan, dependencies: ProxyDependencies, signal: AbortSignal): Promise<RunningProxy> {
  const { containerHost, report, stateDirectory } = dependencies;
  await using cleanUp = new AsyncDisposableStack();
  const { volume } = cleanUp.use(await takeCacheSlot(stateDirectory, containerHost));
  await shrinkCache(plan, volume, dependencies);
  signal.throwIfAborted();
  // Registered before the container, so done after it is gone.
  cleanUp.defer(() => shrinkCache(plan, volume, dependencies));
  await withStep(report, { name: "proxy.start", subject: PROXY_IMAGE }, async () => {
    const command = ["serve", ...(plan.upstream === undefined ? [] : [`Proxy=${plan.upstream}`])];
    const { container } = cleanUp.use(await createContainer(containerHost, proxyContainer(plan, "proxy", volume, command)));
    await asked("start the package proxy", container.start());
    // Asked to end, it writes down what it has; killed, it would fetch that again.
    cleanUp.defer(() => container.stop({ t: 5 }).then(nothing, nothing));
    await untilItAnswers(container, signal);
  });
  const kept = cleanUp.move();
  return {
    link: { container: proxyName(plan.buildId, "proxy"), alias: PROXY_IMAGE },
    url: `http://${PROXY_IMAGE}:${PROXY_PORT}`,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

const nothing = () => {};

/** Half a minute of tries, in one command. */
const WAIT = `for _ in $(seq 300); do (exec 3<>/dev/tcp/127.0.0.1/${PROXY_PORT}) 2>/dev/null && exit 0; sleep 0.1; done; exit 1`;

async function untilItAnswers(container: Docker.Container, signal: AbortSignal): Promise<void> {
  let cause: unknown;
  try {
    const { exitCode } = await execInContainer(container, ["/bin/bash", "-c", WAIT], { signal });
    if (exitCode === 0) return;
  } catch (error) {
    cause = error;
  }
  signal.throwIfAborted();
  const said = await container.logs({ stdout: true, stderr: true, tail: 10 }).catch(() => Buffer.alloc(0));
  throw new RbuildError(
    "proxy.did-not-start",
    `the package proxy does not answer on its port ${PROXY_PORT}${cause instanceof Error ? `: ${cause.message}` : ""}`,
    {
      hint: "rbuild iso --proxy none goes without it",
      cause,
      details: { lastLines: redact(stripControl(said.toString("utf8"))).slice(-2000) },
    },
  );
}
