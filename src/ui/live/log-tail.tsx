import { Box, Text } from "ink";
import type { LogLine } from "../view-state.ts";
import { useGlyphs, useTone } from "./theme.tsx";

export interface LogTailProps {
  readonly lines: readonly LogLine[];
  readonly columns: number;
}

/** The end of the build log, each line cut to the terminal's width. */
export function LogTail({ lines, columns }: LogTailProps) {
  const tone = useTone();
  const glyphs = useGlyphs();
  return (
    <Box flexDirection="column" width={columns}>
      {lines.map((line) => (
        <Text key={line.number} wrap="truncate-end" {...tone("faint")}>
          {`  ${glyphs.log} ${line.text}`}
        </Text>
      ))}
    </Box>
  );
}
