import type { Clock } from "../../../system/index.ts";
import { fileRoute } from "./files/file-route.ts";
import type { OpenFiles } from "./files/open-files.ts";
import type { AccessLog } from "./http/access-log.ts";
import { type Answer, type Route, textAnswer } from "./http/answer.ts";
import { metricsText, one, type RequestCounts } from "./http/metrics.ts";
import { type Catalog, makeCatalog } from "./oci/catalog.ts";
import { ociRoute } from "./oci/oci-route.ts";
import { pageRoute } from "./page/page-route.ts";
import { staleSince } from "./page/state-section.ts";
import { metadataOf } from "./view/metadata-of-files.ts";
import type { RepositoryView } from "./view/repository-view.ts";
import type { RepositoryWatch } from "./view/watch-repository.ts";

export interface RouteParts {
  readonly files: OpenFiles;
  readonly watch: RepositoryWatch;
  readonly counts: RequestCounts;
  readonly log: AccessLog;
  readonly clock: Clock;
}

/** Everything that the server answers. */
export function routeRequests({ files, watch, counts, log, clock }: RouteParts): Route {
  const catalogs = new WeakMap<RepositoryView, Catalog>();
  const page = pageRoute(metadataOf(files), clock);
  return async (asked) => {
    const name = routeName(asked.path);
    switch (name) {
      case "page":
        return page(asked, await watch.view());
      case "health":
        return healthAnswer(await watch.view());
      case "metrics":
        return metricsAnswer(await watch.view());
      case "registry":
        return ociRoute(asked, files, catalogOf(await watch.view()));
      case "file":
        return fileRoute(asked, files);
      default:
        return name satisfies never;
    }
  };

  function catalogOf(view: RepositoryView): Catalog | undefined {
    if (view.kind !== "read") return undefined;
    let catalog = catalogs.get(view);
    if (!catalog) catalogs.set(view, (catalog = makeCatalog(view.index)));
    return catalog;
  }

  function metricsAnswer(view: RepositoryView): Answer {
    const seconds = (time: string) => Date.parse(time) / 1000;
    const ofRepository =
      view.kind === "read"
        ? [
            one("rbuild_repository_index_version", "Version of the newest index.", "gauge", view.index.version),
            one("rbuild_repository_images", "Images in it.", "gauge", view.index.images.length),
            one("rbuild_repository_freshness_expires_seconds", "When the freshness expires, since 1970.", "gauge", seconds(view.freshness.expires)),
            one("rbuild_repository_index_expires_seconds", "When the index expires, since 1970.", "gauge", seconds(view.index.expires)),
          ]
        : [];
    const text = metricsText([
      ...counts.metrics(),
      one("rbuild_access_log_dropped_total", "Lines of the access log that were dropped.", "counter", log.dropped),
      one("rbuild_repository_readable", "1 when the repository can be read and its signatures are not refused.", "gauge", view.kind === "read" ? 1 : 0),
      ...ofRepository,
    ]);
    const headers = { "Content-Type": "text/plain; version=0.0.4; charset=utf-8", "Cache-Control": "no-store" };
    return { status: 200, headers, body: { kind: "bytes", bytes: Buffer.from(text) } };
  }

  function healthAnswer(view: RepositoryView): Answer {
    if (view.kind === "refused") return textAnswer(503, view.reason.code);
    return textAnswer(200, staleSince(view, clock.now()) === undefined ? "ok" : "ok, but stale");
  }
}

/** Which part answers a path. */
export function routeName(target: string): "page" | "health" | "metrics" | "registry" | "file" {
  const path = target.split("?", 1)[0] as string;
  if (path === "/") return "page";
  if (path === "/healthz") return "health";
  if (path === "/metrics") return "metrics";
  return path === "/v2" || path.startsWith("/v2/") ? "registry" : "file";
}
