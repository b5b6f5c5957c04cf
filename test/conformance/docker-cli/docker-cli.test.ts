import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type DockerHost, IMAGE, openDockerHost } from "../served-engine.ts";
import { BUILD_ROWS } from "./build.rows.ts";
import { CONTAINER_ROWS } from "./containers.rows.ts";
import { IMAGE_ROWS } from "./images.rows.ts";
import type { Row } from "./row.ts";
import { RUN_ROWS } from "./run.rows.ts";
import { SYSTEM_ROWS } from "./system.rows.ts";

const TABLES: Readonly<Record<string, readonly Row[]>> = {
  run: RUN_ROWS,
  containers: CONTAINER_ROWS,
  images: IMAGE_ROWS,
  build: BUILD_ROWS,
  system: SYSTEM_ROWS,
};

let host: DockerHost;
beforeAll(async () => {
  host = await openDockerHost();
});
afterAll(() => host?.[Symbol.asyncDispose]());

async function runRow(sh: string) {
  const directory = await mkdtemp("/var/tmp/rbuild-row-");
  const id = `row${randomBytes(4).toString("hex")}`;
  const env = {
    PATH: [process.env["RBUILD_CONFORMANCE_CLIENT"], process.env["PATH"]].filter(Boolean).join(":"),
    HOME: directory,
    LC_ALL: "C.UTF-8",
    DOCKER_HOST: `unix://${host.socketPath}`,
    DOCKER_CONFIG: join(directory, ".docker"),
    DOCKER_BUILDKIT: "0",
    ID: id,
    IMAGE,
  };
  await mkdir(env.DOCKER_CONFIG);
  onTestFinished(async () => {
    await execa("sh", ["-c", 'docker ps -aq --filter name="$ID" | xargs -r docker rm -fv'], { env, extendEnv: false, reject: false });
    await rm(directory, { recursive: true, force: true });
  });
  // ends what a row has in the background too
  const words = ["--kill-after=5", "60", "bash", "-c", sh];
  return await execa("timeout", words, { cwd: directory, env, extendEnv: false, reject: false, stdin: "ignore", stripFinalNewline: false });
}

function matches(text: string, expected: string | RegExp, all: string): void {
  const plain = text.replaceAll("\r\n", "\n").trim();
  if (typeof expected === "string") expect(plain.slice(0, 1000), all).toBe(expected);
  else expect(plain.slice(0, 100_000), all).toMatch(expected);
}

describe.for(Object.entries(TABLES))("docker: %s", ([, rows]) => {
  test.for(rows.map((row) => [row.title, row] as const))("%s", async ([, row]) => {
    const result = await runRow(row.sh);
    const all = JSON.stringify({ code: result.exitCode, out: result.stdout, err: result.stderr }).slice(0, 1000);
    expect(result.exitCode, all).toBe(row.code ?? 0);
    if (row.out !== undefined) matches(result.stdout, row.out, all);
    if (row.err !== undefined) matches(result.stderr, row.err, all);
  });
});
