import { expect, test } from "vitest";
import { explainFullDisk } from "../../../../src/rbuild/images/no-space.ts";
import { RbuildError } from "../../../../src/system/index.ts";

test.each([
  ["of this program", Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC", syscall: "write" })],
  [
    "of the embedded engine",
    Object.assign(new Error("(HTTP code 503) unexpected - there is no space left for the files of a layer in /x"), { statusCode: 503 }),
  ],
  ["of dockerd", Object.assign(new Error("(HTTP code 500) server error - write /x: no space left on device"), { statusCode: 500 })],
])("a full disk %s is told as one", (_what, error) => {
  expect(explainFullDisk(error, "one")).toMatchObject({ code: "image.no-space", category: "unavailable", cause: error });
});

test("a full disk on which nothing can be given back either is told as one", () => {
  const error = Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC", syscall: "write" });
  expect(explainFullDisk(new SuppressedError(new Error("cannot remove it"), error), "one")).toMatchObject({ code: "image.no-space", cause: error });
});

test("any other error stays as it is", () => {
  for (const error of [new Error("no"), new RbuildError("pool.no-space", "no space left"), "no space left"]) expect(explainFullDisk(error, "one")).toBe(error);
});
