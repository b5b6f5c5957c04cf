import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import Docker from "dockerode";
import { execa } from "execa";
import { onTestFinished } from "vitest";
import { openEmbedded } from "../../../src/cli/wire/open-embedded.ts";
import { toolEnvironment } from "../../../src/system/index.ts";
import { buildContainers, loadBuilder, type PinnedDigests, TEST_BUILDER, writeDefinition } from "./build-lab.ts";
import { openTestTree, type TestTree } from "./git-tree.ts";

const RBUILD = resolve(import.meta.dirname, "../../../bin/rbuild");

function startRbuild(args: readonly string[], cwd: string, env: Record<string, string>) {
  return execa(RBUILD, args, { cwd, env, extendEnv: false, reject: false, stdin: "ignore" });
}

/** The `rbuild` command with a store of its own, and a tree that it can build. */
export interface CommandLab {
  readonly tree: TestTree;
  readonly out: string;
  /** Below it is everything that the command writes. */
  readonly directory: string;
  readonly start: (args: readonly string[], options?: { readonly cwd?: string }) => ReturnType<typeof startRbuild>;
  /** `--json`, run to its end. */
  readonly run: (...args: string[]) => Promise<Finished>;
  /** Containers and mounts that exist now. */
  readonly leftovers: () => Promise<string[]>;
}

export interface Finished {
  readonly exitCode: number | undefined;
  readonly lines: readonly Readonly<Record<string, unknown>>[];
  /** Of the error that the command ended with. */
  readonly code: unknown;
  readonly error: Readonly<Record<string, unknown>> | undefined;
}

/** @param makefile of the tree, whose builder is the test builder, loaded and pinned */
export async function openCommandLab(makefile: string, network: "none" | "bridge" = "none"): Promise<CommandLab> {
  const directory = await mkdtemp("/var/tmp/rbuild-e2e-");
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const socketPath = process.env["RBUILD_TEST_DOCKER"];
  const places = { root: join(directory, "engine"), runRoot: join(directory, "run"), state: join(directory, "engine/state") };
  const withHost = async <T>(work: (docker: Docker) => Promise<T>): Promise<T> => {
    if (socketPath) return await work(new Docker({ socketPath }));
    await using embedded = await openEmbedded(places);
    return await work(embedded.docker);
  };
  const pinned = await withHost((docker) => loadBuilder(docker));

  const tree = await makeTree(join(directory, "tree"), makefile, network, pinned);
  const env: Record<string, string> = { ...toolEnvironment(), ...(socketPath ? { DOCKER_HOST: `unix://${socketPath}` } : {}) };
  const placeOptions = ["--engine-root", places.root, "--run-root", places.runRoot];
  const start: CommandLab["start"] = (args, { cwd = tree.directory } = {}) => startRbuild([...placeOptions, ...args], cwd, env);
  return {
    tree,
    out: join(tree.directory, "out"),
    directory,
    start,
    run: async (...args) => finished(await start([...args, "--json"])),
    leftovers: async () => [...(await withHost(buildContainers)), ...(await mountsBelow(directory))],
  };
}

async function makeTree(directory: string, makefile: string, network: string, pinned: PinnedDigests): Promise<TestTree> {
  await mkdir(directory);
  const tree = openTestTree(directory);
  await tree.git("init", "--quiet", "--initial-branch=main");
  await writeDefinition(join(directory, "images"), TEST_BUILDER, pinned);
  await tree.write({
    "rbuild.yaml": `builder: ${TEST_BUILDER}\nnetwork: ${network}\nproxy: none\ndisk: 1M\ncapabilities: [CHOWN, DAC_OVERRIDE]\n`,
    Makefile: makefile,
  });
  await tree.commit();
  return tree;
}

function finished(result: { readonly exitCode?: number | undefined; readonly stdout?: unknown }): Finished {
  const lines = (typeof result.stdout === "string" ? result.stdout : "")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const error = lines.find((line) => line["kind"] === "error");
  return { exitCode: result.exitCode, lines, error, code: error?.["code"] };
}

async function mountsBelow(directory: string): Promise<string[]> {
  const mounts = (await readFile("/proc/self/mountinfo", "utf8")).split("\n").map((line) => line.split(" ")[4] ?? "");
  return mounts.filter((target) => target.startsWith(`${directory}/`));
}
