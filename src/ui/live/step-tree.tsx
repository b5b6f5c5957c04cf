import { Box, Text } from "ink";
import { ProgressLine } from "./progress-line.tsx";
import { StepLine } from "./step-line.tsx";
import { useTone } from "./theme.tsx";
import { showsProgress, type VisibleSteps } from "./visible-steps.ts";

export interface StepTreeProps {
  readonly steps: VisibleSteps;
  readonly now: number;
  readonly columns: number;
}

/** The steps that run now, each with its progress below it. */
export function StepTree({ steps, now, columns }: StepTreeProps) {
  const tone = useTone();
  return (
    <Box flexDirection="column">
      {steps.lines.map(({ step, depth }) => (
        <Box key={step.id} flexDirection="column">
          <StepLine step={step} depth={depth} now={now} columns={columns} />
          {step.progress && showsProgress(step) && <ProgressLine progress={step.progress} depth={depth} now={now} columns={columns} />}
        </Box>
      ))}
      {steps.hidden > 0 && <Text {...tone("faint")}>{`  and ${steps.hidden} more`}</Text>}
    </Box>
  );
}
