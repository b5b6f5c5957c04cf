import { createHash } from "node:crypto";
import { digestOf } from "../../../../oci/index.ts";
import type { Clock } from "../../../../system/index.ts";
import type { MetadataSource } from "../../../trust/client/metadata-source.ts";
import { etagOf } from "../files/file-route.ts";
import type { Answer, Asked } from "../http/answer.ts";
import { bytesAnswer } from "../http/file-answer.ts";
import type { RepositoryView } from "../view/repository-view.ts";
import { packageChanges } from "./package-changes.ts";
import { type PageFacts, renderPage } from "./page.ts";
import { rebuilderCounts } from "./rebuilder-counts.ts";
import { STYLE } from "./style.ts";

const POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash("sha256").update(STYLE).digest("base64")}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");
const HOST = /^(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/;

type FoundOut = Pick<PageFacts, "steps" | "rebuilders">;

/** Answers with the page. What it takes long to find out is found out once for each state of the repository. */
export function pageRoute(files: MetadataSource, clock: Clock): (asked: Asked, view: RepositoryView) => Promise<Answer> {
  const known = new WeakMap<RepositoryView, Promise<FoundOut>>();
  const findOut = async (view: RepositoryView): Promise<FoundOut> =>
    view.kind === "read"
      ? { steps: await packageChanges(view.index, files), rebuilders: await rebuilderCounts(view.index, view.root, { files, now: clock.now() }) }
      : { steps: [], rebuilders: new Map() };
  return async (asked, view) => {
    let found = known.get(view);
    if (!found) {
      known.set(view, (found = findOut(view)));
      // What did not work for once is tried again.
      found.catch(() => known.delete(view));
    }
    const host = HOST.test(asked.headers.host ?? "") ? (asked.headers.host as string) : "SERVER";
    const bytes = Buffer.from(renderPage({ view, ...(await found), host, now: clock.now() }).text);
    return bytesAnswer(asked, bytes, {
      etag: etagOf(digestOf(bytes)),
      headers: { "Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": POLICY, "Cache-Control": "no-cache", Vary: "Host" },
    });
  };
}
