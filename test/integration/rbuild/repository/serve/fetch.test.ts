import { join } from "node:path";
import { expect, test } from "vitest";
import type { Attack } from "../../../../../src/rbuild/repository/serve/attack/attacks.ts";
import { rbuild } from "../../../../support/rbuild-command.ts";
import { serveFiles } from "../../../../support/repository/fetch-lab.ts";
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

test("no control character of a mirror reaches a terminal", async () => {
  const images = await imagesOnDisk(new Date());
  const odd = "\u001b[2J\u001b]0;title\u0007\u009b31mowned";
  const answers: readonly [RegExp, string][] = [
    [/./, `HTTP/1.1 404 ${odd}\r\nContent-Length: 0\r\n\r\n`],
    [/./, `HTTP/1.1 302 Found\r\nLocation: http://${odd}/x\r\nContent-Length: 0\r\n\r\n`],
    [/./, `HTTP/1.1 200 OK\r\nContent-Type: ${odd}\r\nContent-Length: ${odd.length}\r\n\r\n${odd}`],
    [/^\/(?:encoded|blobs)\//, `HTTP/1.1 404 ${odd}\r\nContent-Length: 0\r\n\r\n`],
    [/^\/(?:encoded|blobs)\//, `HTTP/1.1 206 ${odd}\r\nContent-Range: ${odd}\r\nContent-Length: 0\r\n\r\n`],
    [/^\/(?:encoded|blobs)\//, `HTTP/1.1 302 Found\r\nLocation: /${odd}\r\nContent-Length: 0\r\n\r\n`],
  ];
  let shown = "";
  for (const [paths, answer] of answers) {
    const web = await serveFiles(images.directory, (_path, _bytes, request) => {
      if (!paths.test(request.url ?? "")) return false;
      request.socket.end(Buffer.from(answer, "latin1"));
      return true;
    });
    const scratch = await scratchDirectory();
    const places = ["--engine-root", join(scratch, "engine"), "--run-root", join(scratch, "run")];
    const words = ["image", "fetch", "tools", "--channel", "testing", "--keys", images.keys, "--from", web.url];
    const { exitCode, stdout, stderr } = await rbuild([...places, ...words]);
    expect([5, 6, 7], stderr).toContain(exitCode);
    shown += stderr;
    expect(stdout + stderr, JSON.stringify(stderr)).toMatch(/^[\n\x20-\x7e\u00a0-\uffff]*$/);
  }
  expect(shown, "what it says is told").toContain("owned");
});
