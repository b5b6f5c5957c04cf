import type { Dockerfile, InstructionNode } from "../parse/ast.ts";
import { readAdd } from "./add.ts";
import { readArg } from "./arg.ts";
import { readCmd } from "./cmd.ts";
import { readCopy } from "./copy.ts";
import { readEntrypoint } from "./entrypoint.ts";
import { readEnv } from "./env.ts";
import { readExpose } from "./expose.ts";
import { readFrom } from "./from.ts";
import { readHealthcheck } from "./healthcheck.ts";
import type { Instruction } from "./instruction.ts";
import { readLabel } from "./label.ts";
import { readMaintainer } from "./maintainer.ts";
import { readOnbuild } from "./onbuild.ts";
import { InstructionReader } from "./reader.ts";
import { readRun } from "./run.ts";
import { readShell } from "./shell.ts";
import { readStopsignal } from "./stopsignal.ts";
import { readUser } from "./user.ts";
import { readVolume } from "./volume.ts";
import { readWorkdir } from "./workdir.ts";

const READERS: Readonly<Record<string, (reader: InstructionReader) => Instruction>> = {
  ADD: readAdd,
  ARG: readArg,
  CMD: readCmd,
  COPY: readCopy,
  ENTRYPOINT: readEntrypoint,
  ENV: readEnv,
  EXPOSE: readExpose,
  FROM: readFrom,
  HEALTHCHECK: readHealthcheck,
  LABEL: readLabel,
  MAINTAINER: readMaintainer,
  ONBUILD: readOnbuild,
  RUN: readRun,
  SHELL: readShell,
  STOPSIGNAL: readStopsignal,
  USER: readUser,
  VOLUME: readVolume,
  WORKDIR: readWorkdir,
};

/** AST node → typed instruction. @throws RbuildError `dockerfile.syntax` */
export function readInstruction(node: InstructionNode, dockerfile: Pick<Dockerfile, "escape" | "file">): Instruction {
  const reader = new InstructionReader(node, dockerfile.escape, dockerfile.file);
  const read = Object.hasOwn(READERS, node.keyword) ? READERS[node.keyword] : undefined;
  if (!read) throw reader.error(`there is no instruction ${node.keyword}`);
  return read(reader);
}
