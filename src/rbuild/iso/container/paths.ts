/** Fixed places in a build container: part of the contract with a tree's Makefile. docs/build-flow.md. */
export const CONTAINER = {
  /** The project's directory, read-only; where make runs. */
  source: "/source",
  /** Anything may be written here and is thrown away: RBUILD_SCRATCH. */
  scratch: "/scratch",
  /** Artifacts leave through here: RBUILD_OUTPUT. */
  output: "/output",
  hook: "/.rbuild-hook.mk",
  hostname: "rbuild",
} as const;
