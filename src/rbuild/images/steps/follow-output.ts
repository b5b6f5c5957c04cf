import { Writable } from "node:stream";
import { LineCutter } from "../../../make-runner/index.ts";
import { redact, stripControl } from "../../../system/index.ts";
import type { ContainerHost } from "../../container-host/container-host.ts";

/** Cuts what a container prints into lines that may be shown. Resolves at the end of both streams. */
export function followOutput(host: ContainerHost, attached: NodeJS.ReadWriteStream, tell: (stream: "stdout" | "stderr", text: string) => void): Promise<void> {
  const into = (stream: "stdout" | "stderr") => {
    const cutter = new LineCutter();
    const say = (lines: readonly string[]) => lines.forEach((line) => tell(stream, stripControl(redact(line))));
    return new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        say(cutter.push(chunk));
        done();
      },
      final: (done) => {
        say(cutter.end());
        done();
      },
    });
  };
  const stdout = into("stdout");
  const stderr = into("stderr");
  host.modem.demuxStream(attached, stdout, stderr);
  return new Promise((resolve, reject) => {
    attached.on("error", reject);
    const end = () => {
      stdout.end();
      stderr.end();
      resolve();
    };
    attached.on("end", end);
    attached.on("close", end);
  });
}
