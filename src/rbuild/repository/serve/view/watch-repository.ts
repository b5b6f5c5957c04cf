import { digestOf } from "../../../../oci/index.ts";
import { repositoryPaths } from "../../../trust/format/paths.ts";
import { MAX_BYTES } from "../../../trust/limits.ts";
import { type RepositoryView, type ViewSources, viewRepository } from "./repository-view.ts";

/** Looks at `current.json` at most this often, and at everything at least this often. Milliseconds. */
const LOOK_INTERVAL = 1_000;
const RENEW_INTERVAL = 300_000;

export interface RepositoryWatch {
  /** As of now, or of a second ago. */
  view(): Promise<RepositoryView>;
  /** Reads all of it again, the keys too, when it is asked for next. */
  forget(): void;
}

/** Reads the repository again once its pointer has changed; meanwhile nothing is read twice. */
export function watchRepository(sources: ViewSources): RepositoryWatch {
  let last: { readonly view: Promise<RepositoryView>; readonly pointer: string; readonly readAt: number } | undefined;
  let looked: { readonly at: number; readonly done: Promise<RepositoryView> } | undefined;
  return {
    view() {
      const now = performance.now();
      if (!looked || now - looked.at >= LOOK_INTERVAL) looked = { at: now, done: look(now) };
      return looked.done;
    },
    forget() {
      last = undefined;
      looked = undefined;
    },
  };

  async function look(now: number): Promise<RepositoryView> {
    const received = await sources.repository.read(repositoryPaths.current, MAX_BYTES.current);
    const pointer = received.kind === "bytes" ? digestOf(received.bytes) : received.kind;
    if (last?.pointer !== pointer || now - last.readAt >= RENEW_INTERVAL) {
      const view = viewRepository(sources);
      view.catch(() => (last = undefined)); // the next who asks tries again
      last = { view, pointer, readAt: now };
    }
    return last.view;
  }
}
