import { expect, test } from "vitest";
import { explainStepFailure } from "../../../../../src/rbuild/images/steps/step-failure.ts";

test.each([
  ["image.no-network", "Err:1 http://m.example bookworm InRelease\n  Could not resolve 'm.example'"],
  ["image.no-network", "  Unable to connect to m.example:http:"],
  ["image.no-network", "curl: (6) Could not resolve host: m.example"],
  ["image.no-network", "wget: unable to resolve host address 'm.example'"],
  ["image.no-network", "curl: (7) Failed to connect to 192.0.2.1 port 80: Couldn't connect to server"],
  ["image.step-failed", "Could not connect: No such file or directory"],
  ["image.step-failed", "Failed to connect to bus: Host is down"],
  ["image.no-space", "dpkg: error: cannot copy extracted data: failed to write (No space left on device)"],
  ["image.step-failed", "E: Unable to locate package no-such-package"],
])("%s is told from what the tools print", (code, output) => {
  expect(explainStepFailure("do it", 100, output.split("\n"))).toMatchObject({ code, hint: expect.any(String) });
});

test("a long line is cut in the message and whole in the details", () => {
  const error = explainStepFailure("do it", 1, ["x".repeat(5000)]);
  expect(error.message.length).toBeLessThan(400);
  expect(error.details["lines"]).toEqual(["x".repeat(5000)]);
});
