import { describe } from "vitest";
import { openOverlaySnapshotter } from "../../../src/engine/snapshots/open-overlay-snapshotter.ts";
import { scratchDirectory } from "../../support/scratch.ts";
import { describeSnapshotter } from "./snapshotter-contract.ts";

describe.each([false, true])("OverlaySnapshotter, volatile: %s", (volatile) => {
  describeSnapshotter(async () => openOverlaySnapshotter({ root: await scratchDirectory(), sync: false, volatile }));
});
