import { Box, Static, Text, useWindowSize } from "ink";
import { counted } from "../../system/counted.ts";
import { formatDuration } from "../format/index.ts";
import type { Ending } from "../reporter.ts";
import type { ViewState } from "../view-state.ts";
import { ArtifactTable } from "./artifact-table.tsx";
import { HistoryEntry } from "./history-entry.tsx";
import { LogTail } from "./log-tail.tsx";
import { StepTree } from "./step-tree.tsx";
import { useTone } from "./theme.tsx";
import { visibleSteps } from "./visible-steps.ts";

export interface LiveViewProps {
  readonly state: ViewState;
  /** Milliseconds, on the clock that the state was made with. */
  readonly now: number;
  /** Set in the last frame. */
  readonly ending?: Ending;
}

/** Lines of log below the running steps, and after a failure. */
const LOG_LINES = 8;
const LOG_LINES_AFTER_FAILURE = 20;

/** The whole view: what is over scrolls away above; running steps, the log's end and the time stay. */
export function LiveView({ state, now, ending }: LiveViewProps) {
  const { columns, rows } = useWindowSize();
  return (
    <>
      <Static items={[...state.history]}>{(item, index) => <HistoryEntry key={index} item={item} columns={columns} />}</Static>
      {ending === undefined ? (
        <Running state={state} now={now} columns={columns} rows={rows} />
      ) : (
        <Ended state={state} now={now} ending={ending} columns={columns} />
      )}
    </>
  );
}

/** Never taller than the terminal: what is taller would be written anew below itself at every frame. */
function Running({ state, now, columns, rows }: { readonly state: ViewState; readonly now: number; readonly columns: number; readonly rows: number }) {
  const tone = useTone();
  const room = Math.max(3, rows - 3);
  const steps = visibleSteps(state, Math.max(2, room - Math.min(LOG_LINES, Math.floor(room / 2))));
  const used = steps.lines.length * 2 + 1;
  const logLines = Math.max(0, Math.min(LOG_LINES, room - used));
  return (
    <Box flexDirection="column" width={columns}>
      <StepTree steps={steps} now={now} columns={columns} />
      {logLines > 0 && state.log.length > 0 && <LogTail lines={state.log.slice(-logLines)} columns={columns} />}
      <Text wrap="truncate-end" {...tone("faint")}>
        {footer(state, now)}
      </Text>
    </Box>
  );
}

function footer(state: ViewState, now: number): string {
  const time = formatDuration(now - state.startedAt);
  const warnings = state.warnings === 0 ? "" : `, ${counted(state.warnings, "warning")}`;
  return state.stopping ? `${time}${warnings}, stopping and cleaning up; Ctrl-C once more stops at once` : `${time}${warnings}, Ctrl-C stops`;
}

function Ended({ state, now, ending, columns }: { readonly state: ViewState; readonly now: number; readonly ending: Ending; readonly columns: number }) {
  const tone = useTone();
  const time = formatDuration(now - state.startedAt);
  return (
    <Box flexDirection="column" width={columns}>
      {ending === "failed" && state.log.length > 0 && <LogTail lines={state.log.slice(-LOG_LINES_AFTER_FAILURE)} columns={columns} />}
      {ending === "done" && state.artifacts.length > 0 && <ArtifactTable artifacts={state.artifacts} columns={columns} />}
      <Text {...tone(ending === "done" ? "good" : "bad")}>{`${ending} after ${time}`}</Text>
    </Box>
  );
}
