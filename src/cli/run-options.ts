import { resolve } from "node:path";
import type Docker from "dockerode";
import { RbuildError } from "../system/index.ts";

export interface ContainerChoices {
  readonly interactive?: true;
  readonly tty?: true;
  readonly env: readonly string[];
  readonly volume: readonly string[];
  readonly workdir?: string;
  readonly user?: string;
  readonly name?: string;
  readonly network: string;
  readonly entrypoint?: string;
}

/** What the container host is asked for. @throws RbuildError `cli.invalid-value` */
export function createOptions(image: string, command: readonly string[], choices: ContainerChoices): Docker.ContainerCreateOptions {
  const { interactive = false, tty = false, workdir, user, name, entrypoint } = choices;
  return {
    Image: image,
    ...(command.length > 0 ? { Cmd: [...command] } : {}),
    ...(entrypoint === undefined ? {} : { Entrypoint: [entrypoint] }),
    ...(name === undefined ? {} : { name }),
    ...(workdir === undefined ? {} : { WorkingDir: workdir }),
    ...(user === undefined ? {} : { User: user }),
    Env: choices.env.flatMap((text) => variable(text, process.env)),
    Tty: tty,
    OpenStdin: interactive,
    StdinOnce: interactive,
    AttachStdin: interactive,
    AttachStdout: true,
    AttachStderr: true,
    HostConfig: { NetworkMode: choices.network, Binds: choices.volume.map(bind) },
  };
}

/** `KEY=VALUE` as it is; `KEY` with the value it has here, if it has one. */
function variable(text: string, environment: Readonly<Record<string, string | undefined>>): string[] {
  if (/^[^=]+=/.test(text)) return [text];
  if (text === "" || text.startsWith("="))
    throw new RbuildError("cli.invalid-value", `--env ${JSON.stringify(text)} has no name`, { category: "invalid", hint: "--env KEY=VALUE" });
  const value = environment[text];
  return value === undefined ? [] : [`${text}=${value}`];
}

/** A source with a slash in it is a path here; anything else names a volume. */
function bind(text: string): string {
  const [source = "", target = "", mode, ...rest] = text.split(":");
  if (source === "" || !target.startsWith("/") || rest.length > 0) {
    throw new RbuildError("cli.invalid-value", `--volume ${JSON.stringify(text)} is not SOURCE:TARGET[:ro] with an absolute target`, {
      category: "invalid",
      hint: "--volume /path/here:/path/there:ro",
    });
  }
  const from = source.includes("/") || source === "." ? resolve(source) : source;
  return [from, target, ...(mode === undefined ? [] : [mode])].join(":");
}
