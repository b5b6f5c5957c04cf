import { closeSync, constants, existsSync, openSync, unlinkSync, writeSync } from "node:fs";
import { join } from "node:path";
import { isSystemError } from "../../system/index.ts";
import { createOciRuntime, type RuntimeProgram } from "./oci-runtime.ts";
import type { Runtime } from "./runtime.ts";

/**
 * crun, started the short way. A created container waits for one byte in its `exec.fifo`, which `crun start` does no more than write; done here
 * it takes no process.
 */
export function createCrunRuntime(program: RuntimeProgram): Runtime {
  const plain = createOciRuntime(program);
  return {
    ...plain,
    name: "crun",
    async delete(id) {
      // killed while it was made or forgotten: crun can do nothing with half of its files
      const isWhole = ["config.json", "status"].every((file) => existsSync(join(program.stateDirectory, id, file)));
      await (isWhole ? plain.delete(id) : plain.forget(id));
    },
    async start(id) {
      if (!writeExecFifo(join(program.stateDirectory, id, "exec.fifo"))) await plain.start(id);
    },
  };
}

/** False when there is none that somebody reads: then the program says why. */
function writeExecFifo(path: string): boolean {
  if (!existsSync(path)) return false;
  let fifo: number;
  try {
    fifo = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (isSystemError(error, "ENXIO", "ENOENT")) return false;
    throw error;
  }
  try {
    // its absence is how crun tells a started container from a created one
    unlinkSync(path);
    writeSync(fifo, Buffer.alloc(1));
  } finally {
    closeSync(fifo);
  }
  return true;
}
