import type Docker from "dockerode";
import { openStep, withStep } from "../../../make-runner/index.ts";
import { RbuildError, redact, stripControl } from "../../../system/index.ts";
import { createContainer } from "../../container-host/container.ts";
import type { ContainerHost } from "../../container-host/container-host.ts";
import { execInContainer } from "../../container-host/exec.ts";
import { asked } from "../../container-host/host-error.ts";
import { LABELS } from "../../container-host/labels.ts";
import type { RbuildReport } from "../../events.ts";
import type { BuildId } from "../life/build-id.ts";
import { takeCacheSlot } from "./cache-slot.ts";
import { CACHE_DIRECTORY, MAX_CACHE_BYTES, shrinkCache } from "./shrink.ts";

export const PROXY_IMAGE = "apt-cacher-ng";
const PORT = 3142;

export interface ProxyPlan {
  readonly buildId: BuildId;
  readonly tree: string;
  readonly imageId: string;
  /** Proxy that it goes through itself. */
  readonly upstream: string | undefined;
  /** Bytes; default `MAX_CACHE_BYTES`. */
  readonly cacheLimit?: number;
}

export interface ProxyDependencies {
  readonly containerHost: ContainerHost;
  readonly report: RbuildReport;
  readonly stateDirectory: string;
}

/** A proxy that answers. Disposing shrinks its cache and takes it away. */
export interface RunningProxy extends AsyncDisposable {
  /** For a container's `Links`: only what is linked gets to it by name. */
  readonly link: { readonly container: string; readonly alias: string };
  /** As the linked container sees it. */
  readonly url: string;
}

/** Starts apt-cacher-ng in a container of its own and waits until it answers. @throws RbuildError `proxy.did-not-start` */
export async function startProxy(plan: ProxyPlan, dependencies: ProxyDependencies, signal: AbortSignal): Promise<RunningProxy> {
  const { containerHost, report, stateDirectory } = dependencies;
  const limit = plan.cacheLimit ?? MAX_CACHE_BYTES;
  await using cleanUp = new AsyncDisposableStack();
  const container = await withStep(report, { name: "proxy.start", subject: PROXY_IMAGE }, async () => {
    const slot = cleanUp.use(await takeCacheSlot(stateDirectory, containerHost));
    const created = cleanUp.use(await createContainer(containerHost, proxyOptions(plan, slot.volume)));
    await asked("start the package proxy", created.container.start());
    await untilItAnswers(created.container, signal);
    return created.container;
  });
  await shrink(container, limit, report);
  const kept = cleanUp.move();
  return {
    link: { container: proxyName(plan.buildId), alias: PROXY_IMAGE },
    url: `http://${PROXY_IMAGE}:${PORT}`,
    async [Symbol.asyncDispose]() {
      await using _kept = kept;
      await shrink(container, limit, report);
      // Asked to end, it writes down what it has; killed, it would fetch that again.
      await container.stop({ t: 5 }).catch(() => {});
    },
  };
}

const proxyName = (id: BuildId): string => `rbuild-${id}-proxy`;

function proxyOptions(plan: ProxyPlan, volume: string): Docker.ContainerCreateOptions {
  return {
    name: proxyName(plan.buildId),
    Image: plan.imageId,
    Hostname: PROXY_IMAGE,
    ...(plan.upstream === undefined ? {} : { Env: [`http_proxy=${plan.upstream}`] }),
    Labels: { [LABELS.build]: plan.buildId, [LABELS.tree]: plan.tree, [LABELS.role]: "proxy", [LABELS.cache]: volume },
    HostConfig: {
      NetworkMode: "bridge",
      CapDrop: ["ALL"],
      CapAdd: ["CHOWN", "DAC_OVERRIDE", "FOWNER", "KILL", "SETGID", "SETUID"],
      Mounts: [{ Type: "volume", Source: volume, Target: CACHE_DIRECTORY }],
    },
  };
}

/** Half a minute of tries, in one command. */
const WAIT = `for _ in $(seq 300); do (exec 3<>/dev/tcp/127.0.0.1/${PORT}) 2>/dev/null && exit 0; sleep 0.1; done; exit 1`;

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
  throw new RbuildError("proxy.did-not-start", `the package proxy does not answer on its port ${PORT}${cause instanceof Error ? `: ${cause.message}` : ""}`, {
    hint: "rbuild iso --proxy none goes without it",
    cause,
    details: { lastLines: redact(stripControl(said.toString("utf8"))).slice(-2000) },
  });
}

/** A cache that stays too big is no reason to lose a build. */
async function shrink(container: Docker.Container, limit: number, report: RbuildReport): Promise<void> {
  const step = openStep(report, { name: "proxy.shrink" });
  try {
    step.finish((await shrinkCache(container, limit)) > 0 ? "done" : "skipped");
  } catch (error) {
    step.fail(error);
    report({ kind: "warning.raised", code: "proxy.not-shrunk", message: error instanceof Error ? error.message : String(error) });
  }
}
