import { RbuildError } from "../../../system/index.ts";

/**
 * The error of a process that did not come to run, told by what runc and crun say. `details.exitCode` is what a shell would report: 127 when
 * there is no such command, 126 when it cannot be run.
 */
export function startFailure(runtime: string, containerId: string, message: string): RbuildError {
  const details = { id: containerId };
  const hint = "check the command and the image's PATH";
  if (
    /executable file .*not found|exec: ".*": stat .*: no such file or directory|exec .*: no such file or directory|open executable.*No such file/i.test(message)
  ) {
    return new RbuildError("container.command-not-found", `the command was not found in container ${containerId.slice(0, 12)}: ${message}`, {
      category: "invalid",
      hint,
      details: { ...details, exitCode: 127 },
    });
  }
  if (
    /exec: ".*": permission denied|exec .*: (permission denied|exec format error)|is a directory|open executable.*(Permission denied|Operation not permitted)|exec.*Permission denied/i.test(
      message,
    )
  ) {
    return new RbuildError("container.command-not-executable", `the command cannot be run in container ${containerId.slice(0, 12)}: ${message}`, {
      category: "invalid",
      hint,
      details: { ...details, exitCode: 126 },
    });
  }
  return new RbuildError("runtime.failed", `${runtime} could not create a process in container ${containerId.slice(0, 12)}: ${message}`, { details });
}
