import { Box, Text } from "ink";
import { formatDuration } from "../format/index.ts";
import { stepText } from "../step-texts.ts";
import type { StepView } from "../view-state.ts";
import type { Glyphs } from "./glyphs.ts";
import { type Tone, useGlyphs, useTone } from "./theme.tsx";

export interface StepLineProps {
  readonly step: StepView;
  readonly depth: number;
  readonly now: number;
  readonly columns: number;
}

const SPINNER_INTERVAL = 125;
/** Narrower terminals show no durations, so that the text has room. */
const MIN_COLUMNS_FOR_TIMES = 32;

/** One step: sign, text, how it ended where that is not plain, how long it took. */
export function StepLine({ step, depth, now, columns }: StepLineProps) {
  const tone = useTone();
  const [sign, signTone] = signOf(step, useGlyphs(), now);
  const { status } = step;
  const note = status.kind === "finished" && status.outcome !== "done" ? status.outcome : "";
  const milliseconds = status.kind === "running" ? now - step.startedAt : status.milliseconds;
  return (
    <Box width={columns}>
      <Box flexShrink={0}>
        <Text {...tone(signTone)}>{`${"  ".repeat(depth)}${sign} `}</Text>
      </Box>
      <Box flexGrow={1} flexShrink={1}>
        <Text wrap="truncate-end">{stepText(step.name, step.subject)}</Text>
      </Box>
      {columns >= MIN_COLUMNS_FOR_TIMES && (
        <Box flexShrink={0}>
          <Text {...tone("faint")}>{` ${note} ${formatDuration(milliseconds).padStart(7)}`}</Text>
        </Box>
      )}
    </Box>
  );
}

function signOf(step: StepView, glyphs: Glyphs, now: number): readonly [string, Tone] {
  const { status } = step;
  if (status.kind === "running") return [glyphs.spinner[Math.floor(now / SPINNER_INTERVAL) % glyphs.spinner.length] ?? "", "busy"];
  if (status.kind === "failed") return [glyphs.failed, "bad"];
  return [glyphs[status.outcome], "good"];
}
