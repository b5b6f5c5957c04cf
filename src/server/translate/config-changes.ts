import type { z } from "zod";
import type { containerConfigShape } from "./create/create-body.ts";

type ConfigBody = z.infer<z.ZodObject<typeof containerConfigShape>>;

/** A commit request's config as the Dockerfile instructions that make it: what is empty changes nothing. */
export function configChanges(config: ConfigBody): string[] {
  const quoted = (text: string) => JSON.stringify(text);
  const pair = (text: string) => `${text.slice(0, text.indexOf("="))}=${quoted(text.slice(text.indexOf("=") + 1))}`;
  return [
    ...(config.User ? [`USER ${config.User}`] : []),
    ...(config.WorkingDir ? [`WORKDIR ${config.WorkingDir}`] : []),
    ...config.Env.filter((text) => text.includes("=")).map((text) => `ENV ${pair(text)}`),
    ...Object.entries(config.Labels).map(([key, value]) => `LABEL ${quoted(key)}=${quoted(value)}`),
    ...config.ExposedPorts.map((port) => `EXPOSE ${port}`),
    ...config.Volumes.map((path) => `VOLUME ${JSON.stringify([path])}`),
    ...(config.Entrypoint ? [`ENTRYPOINT ${JSON.stringify(config.Entrypoint)}`] : []),
    ...(config.Cmd ? [`CMD ${JSON.stringify(config.Cmd)}`] : []),
    ...(config.StopSignal ? [`STOPSIGNAL ${config.StopSignal}`] : []),
  ];
}
