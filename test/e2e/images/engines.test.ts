import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { startDockerd } from "../../support/dockerd.ts";
import { fillTestPool, TEST_POOL } from "../../support/image-pool.ts";
import { jsonLines, rbuild } from "../../support/rbuild-command.ts";
import { scratchDirectory } from "../../support/scratch.ts";

const root = resolve(import.meta.dirname, "../../..");

// base has every step that can differ between engines: import, dpkg in a container, export. builder and the proxy's Dockerfile take minutes.
test.each(process.env["RBUILD_TEST_FULL"] === "1" ? ["base", "builder", "apt-cacher-ng"] : ["base"])(
  "Docker's own daemon, without a network, makes %s with the digest that is pinned",
  async (name) => {
    await fillTestPool(name);
    const pin = JSON.parse(await readFile(join(root, "images", name, "image.pin.json"), "utf8")) as { readonly digest: string };
    await using dockerd = await startDockerd();
    const work = await scratchDirectory();
    const places = ["--host", `unix://${dockerd.socketPath}`, "--engine-root", join(work, "engine")];
    const built = await rbuild(["image", "build", name, "--json", "--offline", "--pool", TEST_POOL, ...places]);
    expect(built.exitCode, built.stderr).toBe(0);
    const result = jsonLines(built.stdout).find((line) => line["kind"] === "result");
    expect(result).toMatchObject({ data: [{ digest: pin.digest }] });
    // Which keeps no manifest: it is made again from what the daemon gives back.
    expect(await rbuild(["image", "verify", name, ...places])).toMatchObject({ exitCode: 0 });
  },
);
