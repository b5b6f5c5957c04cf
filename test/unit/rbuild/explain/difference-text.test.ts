import { expect, test } from "vitest";
import { differenceText } from "../../../../src/rbuild/explain/difference-text.ts";
import { valueText } from "../../../../src/rbuild/explain/value-text.ts";

const file = { kind: "file", executable: false, content: "sha256:a" };

test.each([
  [{ field: "context.hook.sh.content", was: "sha256:a", is: "sha256:b" }, "the file hook.sh has other content"],
  [{ field: "context.hook.sh.executable", was: false, is: true }, "the file hook.sh has another executable bit"],
  [{ field: "context.conf.d/x", was: undefined, is: file }, "the file conf.d/x is new"],
  [{ field: "context.Dockerfile", was: file, is: undefined }, "the file Dockerfile is gone"],
  [{ field: "definition.environment.A", was: "b", is: undefined }, "environment.A was b and is absent"],
  [{ field: "compatibilityVersion", was: 1, is: 2 }, "compatibilityVersion was 1 and is 2"],
])("%j in words", (difference, text) => expect(differenceText(difference)).toBe(text));

test("a value stays on one line and cannot reach a terminal", () => {
  expect(valueText("a\nb\u001b[2J")).toBe(String.raw`"a\nb\u001b[2J"`);
  expect(valueText("plain text")).toBe("plain text");
});
