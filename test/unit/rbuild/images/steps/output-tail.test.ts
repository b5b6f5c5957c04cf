import { expect, test } from "vitest";
import { OutputTail } from "../../../../../src/rbuild/images/steps/output-tail.ts";

const tailOf = (lines: readonly string[]) => {
  const tail = new OutputTail();
  for (const line of lines) tail.add(line);
  return tail.lines;
};
const many = (count: number) => Array.from({ length: count }, (_, index) => `Setting up p${index} ...`);

test("the last lines are kept", () => {
  expect(tailOf(many(10))).toEqual(many(10));
  expect(tailOf(many(100))).toEqual(many(100).slice(-40));
});

test("and what told of an error long before, with the reason in the line after it", () => {
  const error = ["dpkg: error processing archive p.deb (--install):", " failed to write (No space left on device)"];
  expect(tailOf([...many(5), ...error, "Unpacking q", ...many(80)])).toEqual([...error, ...many(80).slice(-40)]);
});

test("of a flood of errors the first ones are enough", () => {
  expect(tailOf([...Array(1000)].map((_, index) => `E: ${index}`))).toHaveLength(60);
});
