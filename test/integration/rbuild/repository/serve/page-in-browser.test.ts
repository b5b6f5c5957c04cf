import { execFile } from "node:child_process";
import { copyFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { colorsOf } from "../../../../support/png-colors.ts";
import { imagesOnDisk } from "../../../../support/repository/images-on-disk.ts";
import { serveDirectory } from "../../../../support/repository/serve-directory.ts";
import { scratchDirectory } from "../../../../support/scratch.ts";
import { NOW } from "../../../../support/trust/test-keys.ts";

const run = promisify(execFile);
const DAY = 86_400_000;
const DARK = ["--force-dark-mode", "--blink-settings=preferredColorScheme=0"];

/** Colours are those of `page/style.ts`: behind everything, and of the state. */
test.each([
  ["signed and fresh", { days: 0, isForged: false, dark: false }, { says: "Signed and fresh.", back: "#fdfdfc", state: "#14532d" }],
  ["stale, in the dark", { days: 8, isForged: false, dark: true }, { says: "Signed, but stale.", back: "#16161a", state: "#f3cf85" }],
  ["refused", { days: 0, isForged: true, dark: false }, { says: "trust.bad-signature", back: "#fdfdfc", state: "#8b1111" }],
] as const)(
  "the page is drawn by Chromium, without scripts and without a complaint: %s",
  { timeout: 120_000 },
  async (name, { days, isForged, dark }, seen) => {
    const images = await imagesOnDisk();
    if (isForged) await copyFile(join(images.directory, "freshness/1.json.asc"), join(images.directory, "freshness/2.json.asc"));
    const scratch = await scratchDirectory();
    const logFile = join(scratch, "log");
    const clock = { now: () => new Date(NOW.getTime() + days * DAY) };
    const { url, server } = await serveDirectory(images.directory, { keys: images.keys, clock, logFormat: "json", logFile });
    const { png, errors, dom } = await draw(url, scratch, dark ? DARK : []);

    expect(errors).toEqual([]);
    expect(dom).toContain(seen.says);
    expect(dom.includes("docker pull")).toBe(!isForged);
    const colors = colorsOf(png);
    const [background] = [...colors].sort(([, a], [, b]) => b - a)[0] as [string, number];
    expect(background).toBe(seen.back);
    expect(colors.get(seen.state) ?? 0).toBeGreaterThan(100);
    await server[Symbol.asyncDispose]();
    const asked = (await readFile(logFile, "utf8"))
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { target: string }).target);
    expect(new Set(asked).difference(new Set(["/", "/favicon.ico"]))).toEqual(new Set());
    const kept = process.env["RBUILD_TEST_PICTURES"];
    if (kept !== undefined) await copyFile(join(scratch, "page.png"), join(kept, `serve ${name}.png`.replaceAll(/[ ,]+/g, "-")));
  },
);

const QUIET =
  "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync --hide-scrollbars --disable-javascript --enable-logging=stderr --window-size=1040,900".split(
    " ",
  );

/** What Chromium makes of it, and what its console says. */
async function draw(url: string, scratch: string, options: readonly string[]) {
  const profile = `--user-data-dir=${scratch}/data`;
  const words = [...QUIET, ...options, profile, "--screenshot=page.png", "--dump-dom", url];
  const { stdout, stderr } = await run("chromium", words, { cwd: scratch, timeout: 60_000, env: { PATH: process.env["PATH"] ?? "", HOME: scratch } });
  return {
    dom: stdout,
    png: await readFile(join(scratch, "page.png")),
    errors: stderr.split("\n").filter((line) => /CONSOLE|Content Security Policy/.test(line)),
  };
}
