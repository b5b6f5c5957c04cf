import { Text } from "ink";
import { share } from "../estimate.ts";
import { progressNumbers } from "../progress-numbers.ts";
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

/** A bar where the whole is known, the sizes, the speed, and a guess of the time that is left. */
export function ProgressLine({ progress, depth, now, columns }: ProgressLineProps) {
  const tone = useTone();
  const indent = "  ".repeat(depth + 1);
  const numbers = sharedNumbers(progress, now);
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

/** With the share in front, where the whole is known: `45 % 120 MB of 263 MB`. */
function sharedNumbers(progress: StepProgress, now: number): string {
  const part = share(progress);
  const percent = part === undefined ? "" : `${Math.floor(part * 100)} %`;
  if (progress.unit === "percent") return percent;
  return `${percent}${percent === "" ? "" : " "}${progressNumbers(progress, now)}`;
}
