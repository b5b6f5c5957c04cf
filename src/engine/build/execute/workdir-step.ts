import { byteString } from "../../../system/index.ts";
import { RootWriter } from "../files/root-writer.ts";
import type { BuildRun, StepResult } from "./build-run.ts";
import type { StageState } from "./stage-state.ts";
import { inWritableLayer } from "./writable-layer.ts";

/** Makes the working directory when the image has none there. */
export async function workdirStep(run: BuildRun, state: StageState, path: string): Promise<StepResult> {
  return await inWritableLayer(run, state, async (root) => {
    using writer = new RootWriter(root);
    writer.makeDirectories(byteString(path.slice(1)), { mode: 0o755, uid: 0, gid: 0 });
  });
}
