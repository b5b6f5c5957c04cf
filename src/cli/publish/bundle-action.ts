import { byteText } from "../../rbuild/pool/byte-text.ts";
import { writeBundle } from "../../rbuild/repository/bundle/write-bundle.ts";
import { counted } from "../../system/counted.ts";
import { systemClock } from "../../system/index.ts";
import type { CommandResult, Session } from "../session.ts";
import { parseBundledName } from "./publish-options.ts";
import { readRoots } from "./read-roots.ts";

interface BundleChoices {
  readonly from: string;
  readonly keys: string;
  readonly channel: string;
  readonly withPool?: true;
}

export async function bundle(file: string, names: readonly string[], choices: BundleChoices, { reporter, signal }: Session): Promise<CommandResult> {
  const { from, keys, channel, withPool } = choices;
  const options = { file, directory: from, names: names.map(parseBundledName), channel, signal, ...(withPool ? { hasPool: true } : {}) };
  const data = await writeBundle(options, { roots: await readRoots(keys), report: reporter.report, clock: systemClock });
  return {
    data,
    lines: [
      ...data.images.map(({ name, version, architecture, digest }) => `${name} ${version} ${architecture} ${digest}`),
      `${data.path} ${data.digest} (${counted(data.files, "file")}, ${byteText(data.size)}; believed to be the newest until ${data.until})`,
    ],
  };
}
