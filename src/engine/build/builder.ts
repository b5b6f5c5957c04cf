import type { ByteStream } from "../content/content-store.ts";
import type { Image } from "../images/image.ts";

export interface BuildOptions {
  /** The build context as a tar, already cut by `.dockerignore` or not: the builder applies it again. */
  readonly context: ByteStream;
  /** Path of the Dockerfile inside the context; default `Dockerfile`. */
  readonly dockerfile?: string;
  readonly references?: readonly string[];
  readonly buildArgs?: Readonly<Record<string, string>>;
  readonly target?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly noCache?: boolean;
  /** Network of RUN steps: `bridge` (default), `host` or `none`. */
  readonly network?: string;
  readonly extraHosts?: readonly string[];
  /**
   * Seconds since 1970. Given: `created`, history and all newer file times are it, so that equal input gives an equal digest.
   * Also taken from the build argument SOURCE_DATE_EPOCH.
   */
  readonly sourceDateEpoch?: number;
  /** One layer for the whole stage on top of its base. */
  readonly squash?: boolean;
  readonly signal?: AbortSignal;
}

/** What a build reports while it runs. */
export type BuildEvent =
  | { readonly kind: "step.started"; readonly index: number; readonly total: number; readonly instruction: string }
  | { readonly kind: "step.cached"; readonly index: number; readonly imageId: string }
  | { readonly kind: "step.container-created"; readonly index: number; readonly containerId: string }
  | { readonly kind: "step.output"; readonly index: number; readonly stream: "stdout" | "stderr"; readonly data: Uint8Array }
  | { readonly kind: "step.finished"; readonly index: number; readonly imageId: string }
  | { readonly kind: "warning"; readonly message: string };

/** Takes what a build reports; the build waits for what it returns, so that a slow reader slows it down. */
export type BuildReport = (event: BuildEvent) => Promise<void> | void;

export interface Builder {
  /**
   * @throws RbuildError `dockerfile.syntax` (with file, line and column in `details`), `build.step-failed` (exit code in `details`),
   * `build.copy-source-missing`, `image.not-found`
   */
  build(options: BuildOptions, report?: BuildReport): Promise<Image>;
}
