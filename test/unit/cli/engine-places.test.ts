import { expect, it } from "vitest";
import { enginePlaces } from "../../../src/cli/engine-places.ts";

it("keeps everything of root's in the system's places", () => {
  expect(enginePlaces({}, {}, {}, true)).toEqual({ root: "/var/lib/rbuild/engine", runRoot: undefined, state: "/var/lib/rbuild/state" });
});

it("lets an option win over a setting, and the product's state go with the engine's", () => {
  expect(enginePlaces({ engineRoot: "/a", runRoot: "/b" }, { engineRoot: "/c" }, {}, true)).toEqual({ root: "/a", runRoot: "/b", state: "/a/state" });
  expect(enginePlaces({}, { engineRoot: "/c" }, {}, true).state).toBe("/c/state");
});

it("keeps another user's state in his home", () => {
  expect(enginePlaces({}, {}, { HOME: "/home/u" }, false).state).toBe("/home/u/.local/state/rbuild");
  expect(enginePlaces({}, {}, { HOME: "/home/u", XDG_STATE_HOME: "/s" }, false).state).toBe("/s/rbuild");
});
