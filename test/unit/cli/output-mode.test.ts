import { expect, it } from "vitest";
import { chooseOutputMode } from "../../../src/cli/output-mode.ts";

const terminal = { isTTY: true, environment: { TERM: "xterm" } };

it("draws the live view where a person watches a terminal that can", () => {
  expect(chooseOutputMode({}, {}, terminal)).toBe("live");
  expect(chooseOutputMode({}, {}, { ...terminal, isTTY: false })).toBe("plain");
  expect(chooseOutputMode({}, {}, { isTTY: true, environment: { TERM: "dumb" } })).toBe("plain");
  expect(chooseOutputMode({}, {}, { isTTY: true, environment: {} })).toBe("plain");
  expect(chooseOutputMode({}, {}, { isTTY: true, environment: { TERM: "xterm", CI: "true" } })).toBe("plain");
});

it("does what it is told", () => {
  expect(chooseOutputMode({ json: true, quiet: true }, {}, terminal)).toBe("json");
  expect(chooseOutputMode({ quiet: true, plain: true }, {}, terminal)).toBe("quiet");
  expect(chooseOutputMode({ plain: true }, {}, terminal)).toBe("plain");
  expect(chooseOutputMode({}, { ui: "plain" }, terminal)).toBe("plain");
});
