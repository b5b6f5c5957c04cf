import { join } from "node:path";
import { expect, test } from "vitest";
import type { Attack } from "../../../../../src/rbuild/repository/serve/attack/attacks.ts";
import { rbuild } from "../../../../support/rbuild-command.ts";
import { imagesOnDisk } from "../../../../support/repository/images-on-disk.ts";
import { serveDirectory } from "../../../../support/repository/serve-directory.ts";
import { scratchDirectory } from "../../../../support/scratch.ts";

/** What `rbuild image fetch`, as a person starts it, says to a server of this kind. */
async function fetchFrom(attack?: Attack) {
  const images = await imagesOnDisk(new Date());
  const { url } = await serveDirectory(images.directory, attack === undefined ? {} : { attack });
  const scratch = await scratchDirectory();
  const places = ["--engine-root", join(scratch, "engine"), "--run-root", join(scratch, "run")];
  const { exitCode, stderr } = await rbuild([...places, "image", "fetch", "tools", "--channel", "testing", "--keys", images.keys, "--from", url]);
  return { exitCode, code: /\[((?:trust|repository)\.[a-z-]+)\]/.exec(stderr)?.[1] };
}

test("rbuild fetches from rbuild", async () => {
  expect(await fetchFrom()).toEqual({ exitCode: 0, code: undefined });
});

test.each([
  ["unsigned", "trust.unsigned"],
  ["bitflip", "trust.wrong-bytes"],
  ["endless", "trust.too-large"],
  ["captive-portal", "trust.captive-portal"],
] as const)("rbuild calls %s by its name: %s, exit code 5", async (attack, code) => {
  expect(await fetchFrom(attack)).toEqual({ exitCode: 5, code });
});
