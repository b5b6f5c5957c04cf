import { spawn } from "node:child_process";
import { missingTool, toolEnvironment } from "../../system/index.ts";

const MAX_STDERR = 64 * 1024;

export interface ToolResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a small tool on the way of a container's start, where milliseconds count. Its stdin is empty.
 * @throws RbuildError `tool.missing`
 */
export function runTool(command: string, args: readonly string[], options: { readonly cwd?: string } = {}): Promise<ToolResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ["ignore", "pipe", "pipe"],
      env: toolEnvironment(),
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    const output = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const) {
      child[name].setEncoding("utf8").on("data", (text: string) => {
        if (output[name].length < MAX_STDERR) output[name] += text;
      });
    }
    child.on("error", (error: NodeJS.ErrnoException) => reject(error.code === "ENOENT" ? missingTool(command, error) : error));
    child.on("close", (code) => resolve({ exitCode: code ?? -1, ...output }));
  });
}
