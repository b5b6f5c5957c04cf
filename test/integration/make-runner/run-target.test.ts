import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { DATABASE_ARGS, hasTarget, type LogEvent, makeHook, parseMakeDatabase, runTarget, type StepEvent } from "../../../src/make-runner/index.ts";
import { run } from "../../../src/system/index.ts";
import { processStepRunner } from "./process-step-runner.ts";

async function makeTree(makefile: string) {
  const directory = await mkdtemp("/var/tmp/rbuild-make-");
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  await writeFile(join(directory, "Makefile"), makefile);
  const hook = { path: join(directory, "hook.mk"), ...makeHook(join(directory, "hook.mk")) };
  await writeFile(hook.path, hook.makefile);
  const database = parseMakeDatabase((await run("make", [...DATABASE_ARGS], { cwd: directory, okCodes: [1, 2] })).stdout);
  const events: (StepEvent | LogEvent)[] = [];
  const log: Uint8Array[] = [];
  const make = (target: string, options: { signal?: AbortSignal } = {}) =>
    runTarget(
      { target, makefile: "Makefile", hook, database },
      { runner: processStepRunner(directory), report: (event) => events.push(event), writeLog: async (data) => void log.push(data.slice()) },
      options,
    );
  return { directory, database, events, make, log: () => Buffer.concat(log).toString() };
}

/** `name+` begins, `name=` ends well, `name!` fails. */
function story(events: readonly (StepEvent | LogEvent)[]): string[] {
  const names = new Map<string, string>();
  return events.flatMap((event) => {
    if (event.kind === "step.started") {
      names.set(event.step, event.subject ?? event.name);
      return [`${event.subject}+`];
    }
    if (event.kind === "step.finished") return [`${names.get(event.step)}=`];
    return event.kind === "step.failed" ? [`${names.get(event.step)}!`] : [];
  });
}

const lines = (events: readonly (StepEvent | LogEvent)[]) => events.flatMap((event) => (event.kind === "log.written" ? [event.text] : []));

test("reports each target as a step and leaves the build's output as it is", async () => {
  const tree = await makeTree(
    "iso: chroot | dirs\n\t@printf 'no newline'\n\t@echo iso $(words $(MAKEFILE_LIST)) >&2\nchroot dirs:\n\t@echo $@\n\t@echo again\n",
  );
  await tree.make("iso");
  expect(story(tree.events)).toEqual(["iso+", "chroot+", "chroot=", "dirs+", "dirs=", "iso="]);
  expect(lines(tree.events)).toEqual(expect.arrayContaining(["chroot", "again", "dirs", "no newline", "iso 1"]));
  expect(tree.log().replace("iso 1\n", "")).toBe("chroot\nagain\ndirs\nagain\nno newline");
});

test("a make inside is the same as without the hook, its captured output too", async () => {
  const tree = await makeTree(
    'SHELL := /bin/bash\niso:\n\t@[[ x == x ]] && echo "$$($(MAKE) -s inner) flags=[$(MAKEFLAGS)] $(SHELL)"\ninner:\n\t@echo "inner [$(MAKEFLAGS)]"\n',
  );
  await tree.make("iso");
  expect(tree.log()).toBe("inner [s] flags=[] /bin/bash\n");
});

test("a catch-all rule of the tree does not touch the hook", async () => {
  const tree = await makeTree("iso:\n\t@echo iso\n%: FORCE\n\t@echo caught $@ && false\nFORCE:\nMakefile: ;\n");
  await tree.make("iso");
  expect(tree.log()).toBe("iso\n");
});

test("names the recipe that failed, inside a make inside too", async () => {
  const tree = await makeTree("iso: chroot\nchroot:\n\t@echo working\n\t@$(MAKE) --no-print-directory deep\ndeep:\n\t@exit 7\n");
  await expect(tree.make("iso")).rejects.toMatchObject({
    code: "make.target-failed",
    details: { target: "deep", exitCode: 7, makeExitCode: 2, lastLines: expect.arrayContaining(["working"]) },
  });
  expect(story(tree.events)).toEqual(["iso+", "chroot+", "chroot!", "iso!"]);
});

test("tells a missing rule from a failed recipe", async () => {
  const tree = await makeTree("iso: packages.list\n\t@echo iso\n");
  await expect(tree.make("iso")).rejects.toMatchObject({ code: "make.no-rule", details: { missing: "packages.list", neededBy: "iso" } });
});

test("an abort ends the build and its children", async () => {
  const tree = await makeTree("iso:\n\t@echo started; sleep 60\n");
  const abort = new AbortController();
  const made = tree.make("iso", { signal: abort.signal });
  made.catch(() => {});
  while (!lines(tree.events).includes("started")) await sleep(5);
  abort.abort(new Error("stop it"));
  await expect(made).rejects.toThrow("stop it");
  expect(story(tree.events)).toEqual(["iso+", "iso!"]);
});

test("where jobs run in parallel a target ends when one that needs it begins", async () => {
  const tree = await makeTree("MAKEFLAGS += -j2\niso: a b\n\t@echo iso\na:\n\t@sleep 0.3\nb:\n\t@sleep 0.1; echo b\n");
  expect(tree.database.isParallel).toBe(true);
  await tree.make("iso");
  expect(story(tree.events)).toEqual(["iso+", "a+", "b+", "a=", "b=", "iso="]);
});

test("reports live-build's stages inside their target", async () => {
  const tree = await makeTree("iso:\n\t@echo 'P: Begin bootstrapping system...'\n\t@echo 'P: Begin making iso...'\n\t@exit 1\n");
  await expect(tree.make("iso")).rejects.toMatchObject({ code: "make.target-failed" });
  expect(story(tree.events)).toEqual(["iso+", "bootstrapping system+", "bootstrapping system=", "making iso+", "making iso!", "iso!"]);
});

test("reads targets, patterns and prerequisites, and no built-in rule", async () => {
  const tree = await makeTree(".PHONY: iso\niso: a.squashfs | scratch\n%.squashfs: %.list\n\ttouch $@\nscratch:\n\tmkdir -p $@\ndouble:: x\ndouble:: y\n");
  expect(tree.database).toMatchObject({ targets: ["double", "iso", "scratch"], patterns: ["%.squashfs"], isParallel: false });
  expect(tree.database.prerequisites.get("iso")).toEqual(["a.squashfs", "scratch"]);
  expect(hasTarget(tree.database, "iso")).toBe(true);
  expect(hasTarget(tree.database, "b.squashfs")).toBe(true);
  expect(hasTarget(tree.database, "isso")).toBe(false);
  expect(hasTarget(tree.database, "Makefile")).toBe(false);
});

test("secrets and control characters do not reach the log events", async () => {
  const tree = await makeTree("iso:\n\t@printf 'get http://user:hunter2@host/ \\033[31mred\\n5%%\\r100%%\\n'\n");
  await tree.make("iso");
  expect(lines(tree.events)).toEqual(["get http://***@host/ red", "100%"]);
});
