import { Box, Text } from "ink";
import type { HistoryItem } from "../view-state.ts";
import { StepLine } from "./step-line.tsx";
import { useGlyphs, useTone } from "./theme.tsx";

export interface HistoryEntryProps {
  readonly item: HistoryItem;
  readonly columns: number;
}

/** Something that is over: a tree of steps, a warning, a note about an image. Written once, then left to the terminal's scroll-back. */
export function HistoryEntry({ item, columns }: HistoryEntryProps) {
  const tone = useTone();
  const glyphs = useGlyphs();
  switch (item.kind) {
    case "steps":
      return (
        <Box flexDirection="column">
          {item.lines.map(({ step, depth }) => (
            <Box key={step.id} flexDirection="column">
              <StepLine step={step} depth={depth} now={step.startedAt} columns={columns} />
              {step.status.kind === "failed" && depth === 0 && <Text {...tone("bad")}>{`  ${step.status.message} [${step.status.code}]`}</Text>}
            </Box>
          ))}
        </Box>
      );
    case "warning":
      return (
        <Box flexDirection="column" width={columns}>
          <Text {...tone("warning")}>{`${glyphs.warning} ${item.message} [${item.code}]`}</Text>
          {item.hint !== undefined && <Text>{`  to mend it: ${item.hint}`}</Text>}
        </Box>
      );
    case "note":
      return (
        <Text wrap="truncate-end" {...tone("faint")}>
          {`  ${item.text}`}
        </Text>
      );
    default:
      return item satisfies never;
  }
}
