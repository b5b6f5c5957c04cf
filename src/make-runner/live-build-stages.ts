/**
 * The stage that a line of live-build's output begins: `P: Begin installing packages (live pass)...` → `installing packages (live pass)`.
 * Mounting and unmounting, which it announces as well, is none.
 */
export function liveBuildStage(line: string): string | undefined {
  return /^P: Begin (?!(?:un)?mounting )(.{1,200}?)(?:\.{3})?$/.exec(line)?.[1];
}
