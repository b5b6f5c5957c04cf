import { expect, it } from "vitest";
import { makeTempDirectory } from "../../../src/system/index.ts";
import { jsonLines, rbuild } from "../../support/rbuild-command.ts";

interface Found {
  readonly isAble: boolean;
  readonly checks: readonly { readonly id: string; readonly status: string; readonly found: string; readonly fix?: string }[];
  readonly packages: readonly (readonly string[])[];
}

async function doctor(args: readonly string[], prefix: readonly string[] = []): Promise<{ readonly exitCode: number | null; readonly found: Found }> {
  const { exitCode, stdout } = await rbuild(["doctor", "--json", ...args], { prefix });
  const [line] = jsonLines(stdout);
  expect(line).toMatchObject({ kind: "result", command: "doctor", exitCode });
  return { exitCode, found: line?.["data"] as Found };
}

const check = (found: Found, id: string) => found.checks.find((one) => one.id === id);

it("finds nothing that fails on a host that builds", async () => {
  const { exitCode, found } = await doctor(["--for", "iso"]);
  expect(found.checks.filter((one) => one.status === "fail")).toEqual([]);
  expect({ exitCode, isAble: found.isAble }).toEqual({ exitCode: 0, isAble: true });
  for (const id of ["kernel.namespaces", "kernel.overlayfs", "kernel.networking"]) expect(check(found, id)).toMatchObject({ status: "ok" });
});

it("names a program that is missing, and the command that brings it", async () => {
  // In a mount namespace of its own the program is a file that nobody can run.
  const hidden = ["unshare", "--mount", "sh", "-ec", 'mount --bind /dev/null "$(command -v conmon)"; exec "$@"', "sh"];
  const { exitCode, found } = await doctor(["--for", "engine"], hidden);
  expect(exitCode).toBe(7);
  expect(check(found, "tool.conmon")).toMatchObject({ status: "fail", found: "not installed", fix: "apt-get install conmon" });
  expect(found.packages).toEqual([["conmon"]]);
});

it("says what a missing capability costs", async () => {
  const { exitCode, found } = await doctor(["--for", "engine"], ["setpriv", "--bounding-set=-mknod"]);
  expect(exitCode).toBe(7);
  expect(check(found, "process.capabilities")).toMatchObject({
    status: "fail",
    found: expect.stringContaining("MKNOD (no devices, and no deletions in layers)"),
  });
});

it("tells root's checks from what another user can see", async () => {
  const { found } = await doctor(["--for", "engine"], ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]);
  expect(check(found, "kernel.overlayfs")).toMatchObject({ status: "warn", fix: "sudo rbuild doctor" });
  expect(check(found, "rootless.subordinate-ids")).toMatchObject({ status: "warn" });
});

it("sees a full disk", async () => {
  const small = ["unshare", "--mount", "sh", "-ec", 'mount -t tmpfs -o size=1M none /mnt; exec "$@"', "sh"];
  const { exitCode, found } = await doctor(["--for", "engine", "--engine-root", "/mnt/engine"], small);
  expect(exitCode).toBe(7);
  expect(check(found, "disk.engine-root")).toMatchObject({ status: "fail", found: "0.0 GB free at /mnt" });
});

it("says what to do in a chroot that is a plain directory, and works in one that is a mount point", async () => {
  await using scratch = await makeTempDirectory("/var/tmp", "rbuild-test-chroot-");
  // all of the host below a directory of its own; only the directory itself is a mount point or not
  const enter = (mountRoot: string) => [
    "unshare",
    "--mount",
    "sh",
    "-ec",
    `cd ${scratch.path}; ${mountRoot}
    for path in /*; do
      if [ -h "$path" ]; then ln -sfn "$(readlink "$path")" ".$path"
      elif [ -d "$path" ]; then mkdir -p ".$path"; mount --rbind "$path" ".$path"; fi
    done
    exec chroot . "$@"`,
    "sh",
  ];
  const plain = await doctor(["--for", "engine"], enter(""));
  expect(plain.exitCode).toBe(7);
  expect(plain.found.checks.filter((one) => one.status === "fail")).toEqual([
    expect.objectContaining({ id: "kernel.root-mount", fix: expect.stringContaining("mount --bind") }),
  ]);
  const mounted = await doctor(["--for", "engine"], enter("mount --bind . .; cd ."));
  expect(mounted.found.checks.filter((one) => one.status === "fail")).toEqual([]);
});

it("asks before it installs, and installs nothing without an answer", async () => {
  const hidden = ["unshare", "--mount", "sh", "-ec", 'mount --bind /dev/null "$(command -v conmon)"; exec "$@"', "sh"];
  const { exitCode, stderr } = await rbuild(["doctor", "--fix"], { prefix: hidden });
  expect(exitCode).toBe(2);
  expect(stderr).toContain("[doctor.not-confirmed]");
});

it("leaves nothing behind", async () => {
  await doctor(["--for", "iso"]);
  const { stdout } = await rbuild([], {
    prefix: ["sh", "-c", "ls -d /var/lib/rbuild-doctor-* /var/lib/rbuild/rbuild-doctor-* 2>/dev/null; ip link | grep rbdoctor; exit 0", "sh"],
  });
  expect(stdout).toBe("");
});
