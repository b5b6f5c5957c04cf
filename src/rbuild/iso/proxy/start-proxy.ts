import type Docker from "dockerode";
import { withStep } from "../../../make-runner/index.ts";
import { RbuildError, redact, stripControl } from "../../../system/index.ts";
import { createContainer } from "../../container-host/container.ts";
import type { ContainerHost } from "../../container-host/container-host.ts";
import { execInContainer } from "../../container-host/exec.ts";
import { asked } from "../../container-host/host-error.ts";
import type { RbuildReport } from "../../events.ts";
import { takeCacheSlot } from "./cache-slot.ts";
import { cachingProxy, lockedProxy, PROXY_IMAGE, PROXY_PORT, type ProxyPlan, proxyName, serveCommand } from "./proxy-container.ts";
import { type ProxyRequests, readProxyLog } from "./proxy-log.ts";
import { shrinkCache } from "./shrink.ts";

export interface ProxyDependencies {
  readonly containerHost: ContainerHost;
  readonly report: RbuildReport;
  readonly stateDirectory: string;
}

/** How a build's container gets to the proxy: linked, by name; or in the proxy's own network, on its loopback interface. */
export type ProxyReach =
  | { readonly kind: "link"; readonly container: string; readonly alias: string }
  | { readonly kind: "shared"; readonly container: string };

/** A proxy that answers. Disposing takes it away and shrinks its cache. */
export interface RunningProxy extends AsyncDisposable {
  readonly reach: ProxyReach;
  /** As the build's container sees it. */
  readonly url: string;
  /** What was asked for until now, where that is noted. */
  requests(): Promise<ProxyRequests>;
}

/**
 * Starts apt-cacher-ng in a container of its own and waits until it answers. Unless its content is locked it works on a
 * cache that no other build uses, which is shrunk before and after.
 * @throws RbuildError `proxy.did-not-start`, `proxy.all-caches-busy`
 */
export async function startProxy(plan: ProxyPlan, dependencies: ProxyDependencies, signal: AbortSignal): Promise<RunningProxy> {
  const { content } = plan;
  await using cleanUp = new AsyncDisposableStack();
  const options = content.kind === "locked" ? lockedProxy(plan, content) : await withCache(plan, dependencies, { cleanUp, signal });
  const container = await withStep(dependencies.report, { name: "proxy.start", subject: PROXY_IMAGE }, async () => {
    const created = cleanUp.use(await createContainer(dependencies.containerHost, options));
    await asked("start the package proxy", created.container.start());
    // Asked to end, it writes down what it has; killed, it would fetch that again.
    if (content.kind !== "locked") cleanUp.defer(() => created.container.stop({ t: 5 }).then(nothing, nothing));
    await untilItAnswers(created.container, signal);
    return created.container;
  });
  const archives = content.kind === "any" ? [] : [...(content.kind === "locked" ? content.archives : content.archives.keys())];
  const reached = await access(plan, container);
  const kept = cleanUp.move();
  return {
    ...reached,
    requests: () => readProxyLog(container, archives),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function access({ buildId, content }: ProxyPlan, container: Docker.Container): Promise<Pick<RunningProxy, "reach" | "url">> {
  if (content.kind === "locked") return { reach: { kind: "shared", container: container.id }, url: `http://127.0.0.1:${PROXY_PORT}` };
  const { NetworkSettings } = await asked("ask for the package proxy's address", container.inspect());
  // By address: who changes /etc/hosts on the way, as live-build does in its chroot, still finds it. By name where an engine tells no address.
  const host = Object.values(NetworkSettings.Networks)[0]?.IPAddress || PROXY_IMAGE;
  return { reach: { kind: "link", container: proxyName(buildId, "proxy"), alias: PROXY_IMAGE }, url: `http://${host}:${PROXY_PORT}` };
}

async function withCache(
  plan: ProxyPlan,
  dependencies: ProxyDependencies,
  { cleanUp, signal }: { readonly cleanUp: AsyncDisposableStack; readonly signal: AbortSignal },
): Promise<Docker.ContainerCreateOptions> {
  const { volume } = cleanUp.use(await takeCacheSlot(dependencies.stateDirectory, dependencies.containerHost));
  await shrinkCache(plan, volume, dependencies);
  signal.throwIfAborted();
  // Registered before the container, so done after it is gone.
  cleanUp.defer(() => shrinkCache(plan, volume, dependencies));
  return cachingProxy(plan, "proxy", volume, serveCommand(plan.content));
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
