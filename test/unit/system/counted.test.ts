import { expect, test } from "vitest";
import { counted } from "../../../src/system/counted.ts";

test("one of something is said in the singular, everything else is not", () => {
  expect([0, 1, 2].map((number) => counted(number, "package"))).toEqual(["0 packages", "1 package", "2 packages"]);
  expect([1, 2].map((number) => counted(number, "package is missing", "packages are missing"))).toEqual(["1 package is missing", "2 packages are missing"]);
});
