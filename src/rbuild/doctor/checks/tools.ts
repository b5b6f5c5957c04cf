import { basename, isAbsolute } from "node:path";
import { run } from "../../../system/index.ts";
import { installCommand } from "../apt-command.ts";
import type { Check, CheckContext, HostCheck } from "../check.ts";
import { findProgram } from "../find-program.ts";
import { HOST_TOOLS, type HostTool } from "../host-tools.ts";
import { includesJob } from "../jobs.ts";
import { findVersion, isAtLeast } from "../versions.ts";

/** A program that does not answer within this is not asked again. */
const VERSION_TIMEOUT = 10_000;

export const checkTools: HostCheck = async (context) => {
  const wanted = HOST_TOOLS.filter((tool) => includesJob(context.job, tool.job));
  return Promise.all(wanted.map((tool) => checkTool(tool, context)));
};

export function toolId(tool: HostTool): string {
  return `tool.${isAbsolute(tool.programs[0]) ? tool.packages[0] : tool.programs[0]}`;
}

async function checkTool(tool: HostTool, { isRoot }: CheckContext): Promise<Check> {
  const base = { id: toolId(tool), needed: neededText(tool), why: tool.why };
  const lacking = { status: tool.isOptional ? "warn" : "fail", fix: installCommand([tool.packages[0]], isRoot) } as const;
  const path = await findProgram(tool.programs);
  if (path === undefined) return { ...base, ...lacking, found: "not installed" };
  if (isAbsolute(tool.programs[0])) return { ...base, status: "ok", found: path };
  const version = await versionOf(path, tool);
  if (tool.minimum === undefined) return { ...base, status: "ok", found: version === undefined ? path : `${path} ${version}` };
  if (version === undefined) return { ...base, status: "warn", found: `${path}, which does not tell its version` };
  return isAtLeast(version, tool.minimum) ? { ...base, status: "ok", found: `${path} ${version}` } : { ...base, ...lacking, found: `${path} ${version}` };
}

function neededText(tool: HostTool): string {
  const names = tool.programs.map((program) => basename(program)).join(" or ");
  return tool.minimum === undefined ? names : `${names} ${tool.minimum} or later`;
}

async function versionOf(path: string, tool: HostTool): Promise<string | undefined> {
  try {
    const { stdout, stderr } = await run(path, tool.versionArguments ?? ["--version"], { signal: AbortSignal.timeout(VERSION_TIMEOUT), okCodes: [0, 1, 2] });
    return findVersion(stdout) ?? findVersion(stderr);
  } catch {
    return undefined;
  }
}
