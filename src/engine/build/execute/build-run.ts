import type { Descriptor } from "../../../oci/index.ts";
import type { Clock } from "../../../system/index.ts";
import type { Containers } from "../../containers/container.ts";
import type { ContentStore } from "../../content/content-store.ts";
import type { ImageStore } from "../../images/image.ts";
import type { Snapshotter } from "../../snapshots/snapshotter.ts";
import type { BuildOptions, BuildReport } from "../builder.ts";
import type { BuildCache } from "../cache/build-cache.ts";
import type { BuildPlan } from "../plan/plan.ts";
import type { StageState } from "./stage-state.ts";
import type { Workspace } from "./workspace.ts";

/** The engine's parts that a build uses. */
export interface BuilderParts {
  /** The engine's root. */
  readonly root: string;
  readonly content: ContentStore;
  readonly images: ImageStore;
  readonly snapshots: Snapshotter;
  readonly containers: Containers;
  readonly clock?: Clock;
}

/** One build while it runs. */
export interface BuildRun {
  readonly parts: BuilderParts;
  readonly options: Omit<BuildOptions, "context">;
  readonly buildArgs: Readonly<Record<string, string>>;
  /** Seconds since 1970; see `BuildOptions`. */
  readonly epoch: number | undefined;
  readonly plan: BuildPlan;
  readonly cache: BuildCache;
  readonly workspace: Workspace;
  /** Directory of the unpacked build context. */
  readonly context: string;
  readonly report: BuildReport;
  /** Stages that are done, by their index. */
  readonly done: Map<number, StageState>;
  /** RFC 3339: time of a step made now. */
  readonly now: () => string;
}

/** What doing a step gives. */
export interface StepResult {
  /** Undefined: no file changed. */
  readonly layer?: Descriptor;
}

export const signalOf = (run: BuildRun): { readonly signal?: AbortSignal } => (run.options.signal ? { signal: run.options.signal } : {});
