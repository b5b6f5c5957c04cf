import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { findSources, VENDORED_POOL } from "../../../../src/rbuild/pool/sources.ts";
import { scratchDirectory } from "../../../support/scratch.ts";

const DEBIAN = { archive: "debian", suite: "bookworm" };

test("puts named pools first, then the tree's, mirrors by archive, archives of old states by the locks' times", async () => {
  const tree = await scratchDirectory();
  await mkdir(join(tree, VENDORED_POOL, "sha256"), { recursive: true });
  const choice = {
    pools: ["/media/stick", "https://example.org/pool", "file:///srv/a%20pool"],
    tree,
    mirrors: new Map([["debian", "http://127.0.0.1:9/debian"]]),
    archiveTemplate: "http://127.0.0.1:9/{archive}/{timestamp}/{path}",
  };
  const archives = [DEBIAN, { archive: "own", suite: "x", url: "http://127.0.0.1:9/own" }, { ...DEBIAN, suite: "bookworm-updates" }];
  const lockedAt = [Date.UTC(2026, 6, 11, 9, 46, 37) / 1000, Date.UTC(2026, 0, 1) / 1000, Date.UTC(2026, 0, 1) / 1000];
  const template = { kind: "template", template: choice.archiveTemplate };
  expect(await findSources(choice, { archives, lockedAt })).toMatchObject([
    { kind: "directory", path: "/media/stick" },
    { kind: "publisher", url: "https://example.org/pool" },
    { kind: "directory", path: "/srv/a pool" },
    { kind: "directory", path: join(tree, "pool") },
    { kind: "mirror", archive: "debian", url: "http://127.0.0.1:9/debian" },
    { kind: "mirror", archive: "own", url: "http://127.0.0.1:9/own" },
    { ...template, timestamp: "20260711T094637Z" },
    { ...template, timestamp: "20260101T000000Z" },
  ]);
  expect(await findSources({ ...choice, offline: true }, { archives, lockedAt })).toHaveLength(3);
});

test("an archive whose place nobody knows has no source; a tree without a pool neither", async () => {
  const before = process.env["RBUILD_MIRROR"];
  process.env["RBUILD_MIRROR"] = "http://127.0.0.1:9/debian";
  onTestFinished(() => {
    if (before === undefined) delete process.env["RBUILD_MIRROR"];
    else process.env["RBUILD_MIRROR"] = before;
  });
  const tree = await scratchDirectory();
  expect(await findSources({ tree }, { archives: [{ archive: "unknown", suite: "x" }, DEBIAN], lockedAt: [] })).toMatchObject([
    { kind: "mirror", archive: "debian", url: "http://127.0.0.1:9/debian" },
  ]);
});
