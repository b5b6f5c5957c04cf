import { expect, test } from "vitest";
import { explainRequests } from "../../../../../src/rbuild/iso/locked/explain-requests.ts";
import type { PackageSupply } from "../../../../../src/rbuild/iso/supply/choose-supply.ts";
import { RbuildError } from "../../../../../src/system/index.ts";
import { treeLock, WANTED } from "./support.ts";

const failure = new RbuildError("make.target-failed", "make failed", { category: "failed", details: { target: "iso" } });
const locked = { kind: "locked", lock: treeLock(), digest: `sha256:${"1".repeat(64)}` } as PackageSupply;
const requests =
  (refused: readonly string[], elsewhere: readonly string[] = []) =>
  () =>
    Promise.resolve({ served: [], refused, elsewhere });

test("packages and suites that were asked for in vain are why a build failed", async () => {
  const asked = requests(
    ["debian/pool/main/x/x_1_all.deb", "debian/dists/sid/InRelease", "debian/dists/bookworm/main/i18n/Translation-de.xz"],
    ["other/debian/y.deb"],
  );
  expect(await explainRequests(failure, locked, asked)).toMatchObject({
    code: "lock.package-missing",
    category: "failed",
    details: { target: "iso", paths: ["debian/pool/main/x/x_1_all.deb", "debian/dists/sid/InRelease", "other/debian/y.deb"] },
  });
  expect(await explainRequests(failure, { kind: "recorded", wanted: WANTED }, asked)).toMatchObject({ code: "lock.not-declared-archive" });
});

test("else it failed for its own reason", async () => {
  expect(await explainRequests(failure, locked, requests(["debian/dists/bookworm/main/i18n/Translation-de.xz"]))).toBe(failure);
  expect(await explainRequests(failure, { kind: "mirror" }, undefined)).toBe(failure);
  expect(await explainRequests(failure, locked, () => Promise.reject(new Error("gone")))).toBe(failure);
});
