import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openEngine } from "../../../../src/engine/index.ts";
import { makeTempDirectory, readTool } from "../../../../src/system/index.ts";
import { loadBusyboxImage } from "../../../support/busybox-image.ts";

test("the next engine removes everything a killed build left, but for what it had finished", async () => {
  await using scratch = await makeTempDirectory("/var/tmp", "rbuild-killed-build-");
  const [root, runRoot, context] = ["root", "run", "context"].map((name) => join(scratch.path, name)) as [string, string, string];
  {
    await using engine = await openEngine({ root, runRoot });
    await loadBusyboxImage(engine.images, "busybox:test");
  }
  await mkdir(context);
  await writeFile(join(context, "Dockerfile"), "FROM busybox:test\nRUN echo done > /first\nRUN echo sleeping; sleep 1000\n");
  const child = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", join(import.meta.dirname, "../../../fixtures/programs/build-forever.ts"), root, runRoot, context],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  try {
    const [first] = (await once(child.stdout, "data")) as [Buffer];
    expect(first.toString()).toBe("sleeping\n");
    expect(await readdir(join(root, "builds"))).toHaveLength(2);
  } finally {
    child.kill("SIGKILL");
    await once(child, "close");
  }
  {
    await using engine = await openEngine({ root, runRoot });
    expect(await engine.containers.list()).toEqual([]);
    expect(await readdir(join(root, "builds"))).toEqual([]);
    expect((await engine.images.list()).flatMap(({ references }) => references)).toEqual(["busybox:test"]);
    expect(await engine.images.list()).toHaveLength(1);
    expect((await engine.snapshots.list()).filter(({ kind }) => kind === "active")).toEqual([]);
    expect(await readFile("/proc/mounts", "utf8")).not.toContain(scratch.path);
    expect((await engine.fsck()).findings).toEqual([]);
    const outcomes: string[] = [];
    await writeFile(join(context, "Dockerfile"), "FROM busybox:test\nRUN echo done > /first\n");
    await engine.builder.build({ context: readTool("tar", ["--create", `--directory=${context}`, "."]) }, ({ kind }) => void outcomes.push(kind));
    expect(outcomes).toContain("step.cached");
  }
});
