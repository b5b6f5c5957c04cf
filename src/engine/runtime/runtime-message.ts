import { RbuildError, redact } from "../../system/index.ts";

/** What a runtime said, without its log's decoration. */
export function runtimeMessage(text: string): string {
  const lines = text.trim().split("\n").filter(Boolean);
  const last = lines.findLast((line) => /level=(error|fatal)/.test(line)) ?? lines.at(-1) ?? "";
  const message = /msg="((?:[^"\\]|\\.)*)"/.exec(last)?.[1]?.replace(/\\(["\\])/g, "$1") ?? last.replace(/^\S+Z?: /, "");
  return redact(message);
}

export function runtimeFailure(runtime: string, action: string, id: string, result: { readonly stderr: string; readonly exitCode: number }): RbuildError {
  const message = runtimeMessage(result.stderr) || `exit code ${result.exitCode}`;
  return new RbuildError("runtime.failed", `${runtime} could not ${action} container ${id.slice(0, 12)}: ${message}`, { details: { id, action } });
}
