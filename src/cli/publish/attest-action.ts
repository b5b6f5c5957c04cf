import { type Attested, attestImage } from "../../rbuild/attest/attest-image.ts";
import type { Signer } from "../../rbuild/trust/index.ts";
import { systemClock } from "../../system/index.ts";
import { imageDependencies, openImageHost } from "../commands/image/image-session.ts";
import { EXIT } from "../exit-code.ts";
import type { SignerChoice } from "../keys/key-options.ts";
import { openSigner } from "../keys/open-signers.ts";
import { chosenSources, type PoolChoices } from "../pool-sources.ts";
import type { CommandResult, Session } from "../session.ts";
import { readVersion } from "../version.ts";
import { readRoots } from "./read-roots.ts";

interface AttestChoices extends PoolChoices {
  readonly signer: SignerChoice;
  readonly passphraseFd?: number;
  readonly keys: string;
  readonly to: string;
  readonly rebuild?: true;
  readonly signDifferent?: true;
}

export async function attest(names: readonly string[], choices: AttestChoices, session: Session): Promise<CommandResult> {
  const { signal, settings } = session;
  const { to: directory, rebuild, signDifferent, offline, passphraseFd, keys } = choices;
  const roots = await readRoots(keys);
  await using host = await openImageHost(session);
  await using opened = new AsyncDisposableStack();
  let signer: Promise<Signer> | undefined;
  const dependencies = {
    ...imageDependencies(host, session),
    root: roots.at(-1) as (typeof roots)[number],
    clock: systemClock,
    version: readVersion(),
    openSigner: () => (signer ??= openSigner(choices.signer, { passphraseFd, signal }).then((each) => opened.use(each))),
  };
  const options = { directory, signal, sources: chosenSources(choices, settings), ...(offline ? { offline } : {}) };
  const verdicts: Attested[] = [];
  for (const name of names)
    verdicts.push(await attestImage({ ...options, name, ...(rebuild ? { rebuild } : {}), ...(signDifferent ? { signDifferent } : {}) }, dependencies));
  const isSame = verdicts.every(({ verdict }) => verdict === "identical");
  return { data: verdicts, lines: verdicts.map(line), exitCode: isSame ? EXIT.done : EXIT.differs };
}

function line({ name, version, verdict, digest, found, state, path }: Attested): string {
  const what = verdict === "identical" ? `${digest} is what its lock gives here` : `DIFFERENT: pinned is ${digest}, its lock gives ${found} here`;
  const where = state === "unsigned" ? "nothing is signed without --sign-different" : `${state === "signed" ? "signed" : "signed already"}: ${path}`;
  return `${name} ${version} ${what}; ${where}`;
}
