/** One thing that a finished root file system is freed of. Each has its line in docs/normalisation.md. */
export interface NormalisationRule {
  readonly id: string;
  /** Why the bytes would differ, or must not be in an image. */
  readonly reason: string;
  readonly action: NormalisationAction;
}

export type NormalisationAction =
  /** Paths and what is below them; patterns as in `pathMatcher`. */
  | { readonly kind: "remove"; readonly patterns: readonly string[] }
  /** Regular files below these directories; the directories stay, as programs expect them. */
  | { readonly kind: "remove-files"; readonly below: readonly string[] }
  /** Files that stay, with no content. */
  | { readonly kind: "empty"; readonly paths: readonly string[] }
  /** Text files that stay, with other content. */
  | { readonly kind: "rewrite"; readonly path: string; readonly rewrite: (text: string, context: NormalisationContext) => string }
  /** A directory that is there, empty or not, with this mode, owned by root and as old as the image. */
  | { readonly kind: "directory"; readonly path: string; readonly mode: number };

export interface NormalisationContext {
  /** Seconds since 1970. */
  readonly sourceDateEpoch: number;
}
