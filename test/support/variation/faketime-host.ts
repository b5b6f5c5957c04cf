import { readFile } from "node:fs/promises";
import { Readable } from "node:stream";
import type Docker from "dockerode";
import { byteString, readTar, type TarInput, tarHeader, textOf, writeTar } from "../../../src/system/tar/index.ts";

const LIBRARY = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";
const [STEP, PLACE] = [".rbuild/step", ".rbuild/libfaketime.so"];
/** The line of a step's script after which its environment is its own. */
const PRELUDE_END = "unset RBUILD_STEP\n";

/**
 * A client whose containers live at another time: every script that is put at /.rbuild/step runs under libfaketime, which lies beside it.
 * All else goes to the real client. `ran` counts scripts that were changed, so that a test can tell that the trick worked.
 * @param offset as faketime(1) has it: `+400d`
 */
export async function underFakeTime(docker: Docker, offset: string): Promise<{ readonly docker: Docker; readonly ran: () => number }> {
  const library = await readFile(LIBRARY);
  let count = 0;
  async function* changed(archive: AsyncIterable<Uint8Array>): AsyncGenerator<TarInput, void, undefined> {
    for await (const entry of readTar(archive)) {
      if (textOf(entry.path) !== STEP) {
        yield entry;
        continue;
      }
      const script = Buffer.concat(await Array.fromAsync(entry.body)).toString();
      const preload = `export LD_PRELOAD=/${PLACE} FAKETIME=${offset} FAKETIME_DONT_FAKE_MONOTONIC=1 NO_FAKE_STAT=1\n`;
      const bytes = Buffer.from(script.replace(PRELUDE_END, `${PRELUDE_END}${preload}`));
      if (bytes.byteLength === script.length) throw new Error("the step's script has changed: it has no line that ends its prelude");
      count++;
      yield { ...tarHeader({ path: byteString(PLACE), kind: "file", mode: 0o755, size: library.byteLength }), body: [library] };
      yield { ...entry, size: bytes.byteLength, body: [bytes] };
    }
  }
  const container = (real: Docker.Container): Docker.Container =>
    new Proxy(real, {
      get(target, key) {
        if (key === "putArchive") {
          return (tar: AsyncIterable<Uint8Array>, options: Docker.ContainerInfo) =>
            target.putArchive(Readable.from(writeTar(changed(tar)), { objectMode: false }), options);
        }
        const value: unknown = Reflect.get(target, key);
        return typeof value === "function" ? (value.bind(target) as unknown) : value;
      },
    });
  const wrapped = new Proxy(docker, {
    get(target, key) {
      if (key === "createContainer") return async (options: Docker.ContainerCreateOptions) => container(await target.createContainer(options));
      const value: unknown = Reflect.get(target, key);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
  return { docker: wrapped, ran: () => count };
}
