import { Text } from "ink";
import { estimateRemaining, share } from "../estimate.ts";
import { formatBytes, formatDuration } from "../format/index.ts";
import type { StepProgress } from "../view-state.ts";
import type { Glyphs } from "./glyphs.ts";
import { useGlyphs, useTone } from "./theme.tsx";

export interface ProgressLineProps {
  readonly progress: StepProgress;
  readonly depth: number;
  readonly now: number;
  readonly columns: number;
}

const MAX_BAR = 30;
const MIN_BAR = 6;

/** A bar where the whole is known, the sizes, and a guess of the time that is left. */
export function ProgressLine({ progress, depth, now, columns }: ProgressLineProps) {
  const tone = useTone();
  const indent = "  ".repeat(depth + 1);
  const numbers = progressNumbers(progress, now);
  const bar = progressBar(progress, Math.min(MAX_BAR, columns - indent.length - numbers.length - 1), useGlyphs());
  return (
    <Text wrap="truncate-end">
      {indent}
      <Text {...tone("busy")}>{bar}</Text>
      <Text {...tone("faint")}>{numbers}</Text>
    </Text>
  );
}

/** Bar and a space, or nothing where it has no room or no whole. */
function progressBar(progress: StepProgress, width: number, glyphs: Glyphs): string {
  const part = share(progress);
  if (part === undefined || width < MIN_BAR) return "";
  const done = Math.floor(part * width);
  return `${glyphs.barDone.repeat(done)}${glyphs.barLeft.repeat(width - done)} `;
}

/** `45 %`, `45 % 120 MB of 263 MB, 10.0s left`, `120 MB`. */
export function progressNumbers(progress: StepProgress, now: number): string {
  const part = share(progress);
  const percent = part === undefined ? "" : `${Math.floor(part * 100)} %`;
  if (progress.unit === "percent") return percent;
  const show = progress.unit === "bytes" ? formatBytes : String;
  if (progress.total === undefined) return show(progress.done);
  const left = estimateRemaining(progress, now);
  return `${percent} ${show(progress.done)} of ${show(progress.total)}${left === undefined ? "" : `, ${formatDuration(left)} left`}`;
}
