/** Labels of every container that a build makes; what finds them again after a crash. */
export const LABELS = {
  /** Id of the build. */
  build: "org.rbuild.build",
  /** Real path of the project's directory. */
  tree: "org.rbuild.tree",
  /** `build`, `probe`, `hand-over`, `proxy` or `shell`. */
  role: "org.rbuild.role",
  /** Name of the volume that a proxy's cache is on. */
  cache: "org.rbuild.cache",
} as const;
