import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openPrivateSocket } from "../../../src/cli/wire/private-socket.ts";
import { scratchDirectory } from "../../support/scratch.ts";

it("removes the places of processes that died, and its own", async () => {
  const runRoot = await scratchDirectory();
  await mkdir(join(runRoot, "api/dead"), { recursive: true });
  await writeFile(join(runRoot, "api/dead/lock"), "");
  const living = await openPrivateSocket(runRoot);
  await using own = await openPrivateSocket(runRoot);
  const names = [living, own].map(({ path }) => path.split("/").at(-2));
  expect(new Set(await readdir(join(runRoot, "api")))).toEqual(new Set([...names, "lock"]));
  await living[Symbol.asyncDispose]();
  await own[Symbol.asyncDispose]();
  expect(await readdir(join(runRoot, "api"))).toEqual(["lock"]);
});
