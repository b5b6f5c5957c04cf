import { readFile, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type LockLab, openLockLab } from "../../support/lock-lab.ts";
import { jsonLines, rbuild } from "../../support/rbuild-command.ts";

const DATE = 1_767_225_600;
const packages = (version: string) => [
  { name: "hello", version, depends: "world" },
  { name: "world", version: "2" },
];

describe("rbuild image lock", () => {
  let lab: LockLab;
  let tree: string;
  const lock = (...args: string[]) => rbuild(["--plain", "--engine-root", join(tree, "engine"), "image", "lock", ...args], { cwd: tree });

  beforeAll(async () => {
    lab = await openLockLab({ packages: packages("1.0"), date: DATE });
    tree = dirname(lab.imageDirectories[0] ?? "");
    await lab.define("one", { packages: ["world"], architectures: ["amd64"] });
    await lab.define("two", { from: "one", packages: ["hello"], architectures: ["amd64"] });
  });
  afterAll(() => lab[Symbol.asyncDispose]());

  test("locks images, those below first, and says what they are", async () => {
    const { exitCode, stdout, stderr } = await lock("two", "one");
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    expect(stdout).toMatch(/^one sha256:[0-9a-f]{64} 1 package\ntwo sha256:[0-9a-f]{64} 1 package\n$/);
  });

  test("does nothing, and needs no network, when the locks fit", async () => {
    const run = await rbuild(["--json", "--engine-root", join(tree, "engine"), "image", "lock", "one", "two"], { cwd: tree, prefix: ["unshare", "--net"] });
    expect(run.exitCode).toBe(0);
    expect(jsonLines(run.stdout).at(-1)).toMatchObject({
      kind: "result",
      data: [
        { name: "one", changed: false, changes: [] },
        { name: "two", changed: false },
      ],
    });
    const checked = await rbuild(["image", "lock", "--check", "two"], { cwd: tree, prefix: ["unshare", "--net"] });
    expect(checked.stdout).toContain(`good signature of ${lab.archive.key.fingerprint}`);
  });

  test("lists what moved", async () => {
    await lab.archive.publish({ packages: packages("1.1"), date: DATE + 60 });
    const { stdout } = await lock("two", "--update", "hello");
    expect(stdout.split("\n")[1]).toBe("  hello 1.0 -> 1.1");
  });

  test("takes another mirror of an archive by its name", async () => {
    await symlink(lab.archive.directory, join(lab.archive.directory, "elsewhere"));
    const before = lab.archive.requests.length;
    expect(await lock("one", "--refresh", "--mirror", `test=${lab.archive.url}/elsewhere`)).toMatchObject({ exitCode: 0 });
    expect(lab.archive.requests.slice(before)).toContain("elsewhere/dists/test/InRelease");
  });

  test("chooses the same whatever the host's APT is told and dpkg has", async () => {
    const before = await lock("one", "--refresh");
    const mislead = `mount -t tmpfs tmpfs /etc/apt && mount -t tmpfs tmpfs /var/lib/dpkg && mkdir /etc/apt/preferences.d /etc/apt/apt.conf.d &&
      printf 'Package: *\\nPin: release *\\nPin-Priority: -1\\n' > /etc/apt/preferences.d/never &&
      printf 'APT::Default-Release "sid"; Acquire::http::Proxy::127.0.0.2 "http://127.0.0.1:9"; Dir::Etc::trusted "/dev/null";\\n' > /etc/apt/apt.conf.d/00 &&
      printf 'Package: world\\nStatus: install ok installed\\nVersion: 99\\nArchitecture: all\\nMaintainer: x\\nDescription: x\\n' > /var/lib/dpkg/status && exec "$@"`;
    const misled = await rbuild(["--plain", "--engine-root", join(tree, "engine"), "image", "lock", "one", "--refresh"], {
      cwd: tree,
      prefix: ["unshare", "--mount", "sh", "-c", mislead, "sh"],
      env: { APT_CONFIG: "/nonexistent", http_proxy: "http://127.0.0.1:9", no_proxy: "127.0.0.1" },
    });
    expect(misled).toMatchObject({ exitCode: 0, stdout: before.stdout });
  });

  test("ended by a signal it says so, with the exit code it has", async () => {
    const before = await readFile(join(tree, "images/one/image.lock.json"), "utf8");
    // An archive that never answers.
    lab.archive.intercept = () => true;
    onTestFinished(() => void (lab.archive.intercept = undefined));
    const { exitCode, stdout } = await rbuild(["--json", "--engine-root", join(tree, "other"), "image", "lock", "one", "--refresh"], {
      cwd: tree,
      prefix: ["timeout", "--preserve-status", "--signal", "TERM", "2"],
    });
    expect(exitCode).toBe(143);
    expect(jsonLines(stdout).at(-1)).toMatchObject({ kind: "error", code: "cli.interrupted", exitCode: 143 });
    expect(await readFile(join(tree, "images/one/image.lock.json"), "utf8")).toBe(before);
  });

  test.each([
    [["one", "--mirror", "nonsense"], 2, "cli.invalid-value"],
    [["one", "--check", "--refresh"], 2, "cli."],
    [["one", "--refresh", "--mirror", "test=http://127.0.0.1:9/x"], 6, "mirror.unreachable"],
    [["none"], 2, "definition.not-found"],
  ])("%s ends with %i", async (args, exitCode, code) => {
    const run = await lock(...args);
    expect(run.exitCode).toBe(exitCode);
    expect(run.stderr).toContain(`[${code}`);
  });
});
