/** Labels of every container that a build makes; what finds them again after a crash. */
export const LABELS = {
  /** Id of the build. */
  build: "org.rbuild.build",
  /** Real path of the project's directory. */
  tree: "org.rbuild.tree",
  /** State directory that has the build's record: whoever shares it may tidy up. */
  state: "org.rbuild.state",
  /** `build`, `probe`, `hand-over`, `proxy`, `shrink` or `shell`. */
  role: "org.rbuild.role",
  /** Name of the volume that a proxy's cache is on. */
  cache: "org.rbuild.cache",
} as const;

export interface LabelledBuild {
  readonly buildId: string;
  readonly tree: string;
  readonly stateDirectory: string;
  readonly role: string;
}

/** The labels that every container of a build carries. */
export function buildLabels({ buildId, tree, stateDirectory, role }: LabelledBuild): Record<string, string> {
  return { [LABELS.build]: buildId, [LABELS.tree]: tree, [LABELS.state]: stateDirectory, [LABELS.role]: role };
}
