import { createHash } from "node:crypto";
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { JsonValue } from "../../../oci/index.ts";
import { RbuildError } from "../../../system/index.ts";
import type { ContainerMount, ExitStatus } from "../../containers/container.ts";
import { snapshotKey } from "../../snapshots/snapshotter.ts";
import type { RunInstruction } from "../instructions/run.ts";
import type { RunMount } from "../instructions/run-mount.ts";
import { isHeredocWord } from "../parse/heredocs.ts";
import { PREDEFINED_ARGUMENTS } from "../plan/global-arguments.ts";
import { type BuildRun, type StepResult, signalOf } from "./build-run.ts";
import { shellOf } from "./change-config.ts";
import { defaultsOf, type StageState } from "./stage-state.ts";
import { environmentOf } from "./step-scope.ts";
import { BUILD_LABEL } from "./workspace.ts";
import { filesImage, layerOf } from "./writable-layer.ts";

const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/** The same in every build: programs write it into files. */
const HOSTNAME = "rbuild";
/** On the container's own /dev, so that no mount point is left in the layer. */
const SCRIPT_PATH = "/dev/rbuild-run";

/** What a RUN's result depends on beside the step before it. */
export function runKey(state: StageState, instruction: RunInstruction): JsonValue {
  const { command, heredocs, mounts, network } = instruction;
  const { User, WorkingDir } = defaultsOf(state);
  return {
    run: { command, heredocs, mounts, ...(network === undefined ? {} : { network }) } as unknown as JsonValue,
    shell: [...shellOf(state)],
    user: User ?? "",
    directory: WorkingDir ?? "",
    environment: [...environmentOf(state)].map(([name, value]) => `${name}=${value}`),
    args: [...state.args].filter(([name]) => !PREDEFINED_ARGUMENTS.has(name)).map(([name, value]) => `${name}=${value}`),
  };
}

/** Runs the command in a container over the state's files. @throws RbuildError `build.step-failed` */
export async function runStep(run: BuildRun, state: StageState, instruction: RunInstruction, index: number): Promise<StepResult> {
  const { containers } = run.parts;
  const { signal } = run.options;
  const image = await filesImage(run, state);
  const { args, mounts } = await commandOf(run, state, instruction);
  const { User, WorkingDir } = defaultsOf(state);
  const container = await containers.create({
    image: image.id,
    entrypoint: null,
    command: args,
    env: environmentForRun(run, state),
    workingDir: WorkingDir || "/",
    ...(User ? { user: User } : {}),
    hostname: HOSTNAME,
    labels: { [BUILD_LABEL]: run.workspace.id },
    networks: [{ network: instruction.network ?? run.options.network ?? "bridge" }],
    extraHosts: run.options.extraHosts ?? [],
    mounts: [...instruction.mounts.map(mountOf), ...mounts],
  });
  try {
    await run.report({ kind: "step.container-created", index, containerId: container.id });
    const status = await follow(run, container.id, index);
    signal?.throwIfAborted();
    if (status.code !== 0) throw stepFailed(run, instruction, status);
    // What a container writes is the snapshot of its name.
    return await layerOf(run, snapshotKey(container.id));
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    await containers.remove(container.id, { force: true, volumes: true });
  }
}

async function follow(run: BuildRun, id: string, index: number): Promise<ExitStatus> {
  const { containers } = run.parts;
  const { signal } = run.options;
  const kill = () => void containers.kill(id, "SIGKILL").catch(() => undefined);
  signal?.addEventListener("abort", kill, { once: true });
  try {
    await using streams = await containers.attach(id, { stdin: false, stdout: true, stderr: true, ...signalOf(run) });
    await containers.start(id);
    for await (const { stream, data } of streams.output) await run.report({ kind: "step.output", index, stream, data });
    return await containers.wait(id, "not-running", signalOf(run));
  } finally {
    signal?.removeEventListener("abort", kill);
  }
}

function stepFailed(run: BuildRun, instruction: RunInstruction, status: ExitStatus): RbuildError {
  const how = { exited: `exited with ${status.code}`, signaled: "was ended by a signal", "out-of-memory": "ran out of memory" }[status.kind];
  return new RbuildError("build.step-failed", `${run.plan.file}:${instruction.line}: ${instruction.text} ${how}`, {
    category: "failed",
    details: { file: run.plan.file, line: instruction.line, instruction: instruction.text, exitCode: status.code },
  });
}

function environmentForRun(run: BuildRun, state: StageState): readonly string[] {
  const predefined = Object.entries(run.buildArgs).filter(([name]) => PREDEFINED_ARGUMENTS.has(name));
  const environment = new Map([["PATH", DEFAULT_PATH] as const, ...predefined, ...state.args, ...environmentOf(state)]);
  return [...environment].map(([name, value]) => `${name}=${value}`);
}

async function commandOf(
  run: BuildRun,
  state: StageState,
  { command, heredocs }: RunInstruction,
): Promise<{ readonly args: readonly string[]; readonly mounts: readonly ContainerMount[] }> {
  if (command.form === "exec") return { args: command.args, mounts: [] };
  const [only, ...more] = heredocs;
  const isScript = only !== undefined && more.length === 0 && isHeredocWord(command.command);
  if (isScript && only.content.startsWith("#!")) {
    const source = join(run.workspace.directory, "script");
    await writeFile(source, only.content);
    await chmod(source, 0o755);
    return { args: [SCRIPT_PATH], mounts: [{ kind: "bind", source, target: SCRIPT_PATH, readOnly: true }] };
  }
  const text = isScript ? only.content : [command.command, ...heredocs.map(({ content, name }) => `${content}${name}`)].join("\n");
  return { args: [...shellOf(state), text], mounts: [] };
}

function mountOf(mount: RunMount): ContainerMount {
  switch (mount.type) {
    case "tmpfs":
      return { kind: "tmpfs", target: mount.target };
    case "cache": {
      const name = `build-cache-${createHash("sha256").update(mount.id).digest("hex").slice(0, 16)}`;
      return { kind: "volume", name, target: mount.target, readOnly: mount.readOnly, noCopy: true };
    }
    default:
      return mount satisfies never;
  }
}
