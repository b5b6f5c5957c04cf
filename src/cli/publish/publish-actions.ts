import type { Promotion } from "../../rbuild/repository/publish/channels.ts";
import type { Signer } from "../../rbuild/trust/index.ts";
import { systemClock } from "../../system/index.ts";
import { enginePlaces } from "../engine-places.ts";
import { imageDirectories } from "../image-directories.ts";
import type { SignerChoice } from "../keys/key-options.ts";
import { openSigner } from "../keys/open-signers.ts";
import { chosenSources, type PoolChoices } from "../pool-sources.ts";
import type { CommandResult, Session } from "../session.ts";
import { planLines, publishLines } from "./publish-text.ts";
import { readRoots } from "./read-roots.ts";

interface PublishChoices extends PoolChoices {
  readonly keys: string;
  readonly signer?: readonly SignerChoice[];
  readonly freshnessSigner?: readonly SignerChoice[];
  readonly passphraseFd?: number;
  readonly channel: string;
  readonly promote?: readonly Promotion[];
  readonly deltas: number;
  readonly gzip?: true;
  readonly uncompressed?: true;
  readonly withPool?: true;
  readonly keep?: number;
  readonly expires: number;
  readonly indexExpires: number;
  readonly minDays: number;
  readonly renew?: true;
  readonly verify?: true;
  readonly dryRun?: true;
}

export async function publish(directory: string, names: readonly string[], choices: PublishChoices, session: Session): Promise<CommandResult> {
  const [{ publishImages }, { planPublication }, { wire }] = await Promise.all([
    import("../../rbuild/repository/publish/publish-images.ts"),
    import("../../rbuild/repository/publish/plan-publication.ts"),
    import("../wire/wire.ts"),
  ]);
  const { reporter, signal, settings } = session;
  await using opened = new AsyncDisposableStack();
  const places = enginePlaces(session.globals, settings);
  const dependencies = {
    roots: await readRoots(choices.keys),
    imageDirectories: imageDirectories(),
    stateDirectory: places.state,
    report: reporter.report,
    clock: systemClock,
    openHost: once(async () => opened.use(await wire(session)).docker),
    openSigners: () => openSigners(choices, opened, signal),
  };
  const { channel, promote: promotions = [], deltas, gzip, uncompressed, keep, renew, verify } = choices;
  const options = {
    directory,
    names,
    channel,
    promotions,
    deltas,
    encodings: { ...(gzip ? { gzip } : {}), ...(uncompressed ? { plain: true } : {}) },
    life: { freshness: choices.expires, index: choices.indexExpires, atLeast: choices.minDays },
    signal,
    ...(choices.withPool ? { pool: { sources: chosenSources(choices, settings), ...(choices.offline ? { offline: true } : {}) } } : {}),
    ...(keep === undefined ? {} : { keep }),
    ...(renew ? { renew } : {}),
    ...(verify ? { verify } : {}),
  };
  if (choices.dryRun) {
    const plan = await planPublication(options, dependencies);
    return { data: plan, lines: planLines(plan) };
  }
  const outcome = await publishImages(options, dependencies);
  return { data: outcome, lines: publishLines(outcome) };
}

async function openSigners(
  { signer = [], freshnessSigner = [], passphraseFd }: PublishChoices,
  opened: AsyncDisposableStack,
  signal: AbortSignal,
): Promise<Signer[]> {
  const signers: Signer[] = [];
  for (const choice of [...signer, ...freshnessSigner]) signers.push(opened.use(await openSigner(choice, { passphraseFd, signal })));
  return signers;
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
