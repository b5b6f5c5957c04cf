import { type Instance, render } from "ink";
import type { Ending, Reporter, Ticks } from "../reporter.ts";
import { initialViewState, reduceView } from "../view-state.ts";
import { glyphsFor } from "./glyphs.ts";
import { LiveView } from "./live-view.tsx";
import { ThemeContext } from "./theme.tsx";

export interface LiveReporterOptions {
  readonly stream: NodeJS.WriteStream;
  readonly ticks: Ticks;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly hasColor: boolean;
}

/** Milliseconds between frames. Events only change the state, so that thousands of log lines a second cost no frame each. */
const FRAME_INTERVAL = 250;

/** Draws the live view on a terminal until it is closed. */
export function createLiveReporter(options: LiveReporterOptions): Reporter {
  const { ticks } = options;
  const theme = { glyphs: glyphsFor(options.environment), hasColor: options.hasColor };
  let state = initialViewState(ticks());
  let isOpen = true;

  const view = (ending?: Ending) => (
    <ThemeContext value={theme}>
      <LiveView state={state} now={ticks()} {...(ending === undefined ? {} : { ending })} />
    </ThemeContext>
  );
  const instance: Instance = render(view(), {
    stdout: options.stream,
    exitOnCtrlC: false,
    patchConsole: false,
    interactive: true,
    maxFps: 1000 / FRAME_INTERVAL,
  });
  const timer = setInterval(() => instance.rerender(view()), FRAME_INTERVAL);

  return {
    report(event) {
      if (isOpen) state = reduceView(state, event, ticks());
    },
    stopping() {
      state = { ...state, stopping: true };
    },
    async close(ending) {
      if (!isOpen) return;
      isOpen = false;
      clearInterval(timer);
      instance.rerender(view(ending));
      await instance.waitUntilRenderFlush();
      instance.unmount();
      await instance.waitUntilExit();
    },
  };
}
