import { z } from "zod";
import { lenient } from "../../http/body.ts";
import { hostConfigSchema } from "./host-config-body.ts";

export const endpointSchema = z.object({
  Aliases: lenient.texts,
  Links: lenient.texts,
  IPAMConfig: z.object({ IPv4Address: lenient.text, IPv6Address: lenient.text }).nullish(),
  MacAddress: lenient.text,
});

/** Docker's container `Config`, in create and commit requests. */
export const containerConfigShape = {
  Image: lenient.text,
  Hostname: lenient.text,
  Domainname: lenient.text,
  User: lenient.text,
  Tty: lenient.flag,
  OpenStdin: lenient.flag,
  StdinOnce: lenient.flag,
  Env: lenient.texts,
  Cmd: lenient.words,
  Entrypoint: lenient.words,
  WorkingDir: lenient.text,
  Labels: lenient.record,
  Volumes: lenient.keys,
  ExposedPorts: lenient.keys,
  StopSignal: lenient.text,
  StopTimeout: z.number().nullish(),
  Healthcheck: z.object({ Test: lenient.texts }).nullish(),
  MacAddress: lenient.text,
  NetworkDisabled: lenient.flag,
  Shell: lenient.texts,
  OnBuild: lenient.texts,
};

/** POST /containers/create. */
export const createBodySchema = z.object({
  ...containerConfigShape,
  HostConfig: hostConfigSchema.nullish().transform((value) => value ?? hostConfigSchema.parse({})),
  NetworkingConfig: z
    .object({
      EndpointsConfig: z
        .record(
          z.string(),
          endpointSchema.nullish().transform((value) => value ?? endpointSchema.parse({})),
        )
        .nullish()
        .transform((value) => value ?? {}),
    })
    .nullish(),
});

export type CreateBody = z.infer<typeof createBodySchema>;
export type EndpointBody = z.infer<typeof endpointSchema>;
