import type { RbuildError } from "../../system/index.ts";

type Words = (object: (name: string) => string, message: string) => string;

/**
 * Docker's own words where people and scripts look for them, by error code; `object` reads a fact from the error's details. For every
 * other code the engine's own sentence is the answer.
 */
const WORDS: Readonly<Record<string, Words>> = {
  "container.not-found": (object) => `No such container: ${object("container")}`,
  "container.exec-not-found": (object) => `No such exec instance: ${object("id")}`,
  "container.name-in-use": (object) =>
    `Conflict. The container name "/${object("name")}" is already in use by container "${object("container")}". You have to remove (or rename) that container to be able to reuse that name.`,
  // The docker client makes its exit codes 127 and 126 of these words.
  "container.command-not-found": (_object, message) => `failed to create task for container: executable file not found in $PATH: ${message}`,
  "container.command-not-executable": (_object, message) => `failed to create task for container: permission denied: ${message}`,
  "container.running": (object) => `You cannot remove a running container ${object("id")}. Stop the container before attempting removal or force remove`,
  "container.path-not-found": (object) => `Could not find the file ${object("path")} in the container`,
  "build.step-failed": (object) =>
    `${object("file")}:${object("line")}: The command '${object("instruction")}' returned a non-zero code: ${object("exitCode")}`,
  "image.not-found": (object) => `No such image: ${object("lookup")}`,
  "image.in-use": (object) => `conflict: unable to remove image "${object("lookup")}" (must force) - a container is using its referenced image`,
  "network.not-found": (object) => `network ${object("network")} not found`,
  "network.name-in-use": (object) => `network with name ${object("name")} already exists`,
  "volume.not-found": (object) => `get ${object("name")}: no such volume`,
  "volume.in-use": (object) => `remove ${object("name")}: volume is in use`,
};

/** Docker's sentence for an error, or undefined where it has none or the error lacks what it speaks of. */
export function dockerWords({ code, details, message }: RbuildError): string | undefined {
  let complete = true;
  const words = WORDS[code]?.((name) => {
    const value = details[name];
    complete &&= typeof value === "string" || typeof value === "number";
    return String(value);
  }, message);
  return complete ? words : undefined;
}
