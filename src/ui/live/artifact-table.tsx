import { basename, dirname } from "node:path";
import { Box, Text } from "ink";
import { formatBytes } from "../format/index.ts";
import type { ArtifactView } from "../view-state.ts";
import { useTone } from "./theme.tsx";

export interface ArtifactTableProps {
  readonly artifacts: readonly ArtifactView[];
  readonly columns: number;
}

/** Narrower terminals show no digests. */
const MIN_COLUMNS_FOR_DIGESTS = 100;

/** What the build made: size, digest and name, below the directory it is in. */
export function ArtifactTable({ artifacts, columns }: ArtifactTableProps) {
  const tone = useTone();
  const directories = [...new Set(artifacts.map((artifact) => dirname(artifact.path)))];
  return (
    <Box flexDirection="column" marginTop={1}>
      {directories.map((directory) => (
        <Box key={directory} flexDirection="column">
          <Text wrap="truncate-start">{`${directory}/`}</Text>
          {artifacts
            .filter((artifact) => dirname(artifact.path) === directory)
            .map((artifact) => (
              <Text key={artifact.path} wrap="truncate-end">
                <Text>{`  ${formatBytes(artifact.size).padStart(7)}  `}</Text>
                {columns >= MIN_COLUMNS_FOR_DIGESTS && <Text {...tone("faint")}>{`${artifact.digest}  `}</Text>}
                <Text {...tone("good")}>{basename(artifact.path)}</Text>
              </Text>
            ))}
        </Box>
      ))}
    </Box>
  );
}
