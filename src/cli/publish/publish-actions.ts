import type { Promotion } from "../../rbuild/repository/publish/channels.ts";
import type { TrustedRoot } from "../../rbuild/trust/client/root-chain.ts";
import { systemClock } from "../../system/index.ts";
import { enginePlaces } from "../engine-places.ts";
import { imageDirectories } from "../image-directories.ts";
import type { SignerChoice } from "../keys/key-options.ts";
import { namesOf } from "../keys/name-of.ts";
import { chosenSources, type PoolChoices } from "../pool-sources.ts";
import type { CommandResult, Session } from "../session.ts";
import { openSigners } from "./open-signers.ts";
import { planLines, preparedLines, publishLines, waitingLines } from "./publish-text.ts";
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
  readonly prepare?: string;
  readonly addSignature?: readonly string[];
  readonly finish?: true;
  readonly abandon?: true;
  readonly against?: string;
  readonly allowOldCopy?: true;
}

export async function publish(directory: string, names: readonly string[], choices: PublishChoices, session: Session): Promise<CommandResult> {
  if (choices.abandon) return abandon(directory);
  const { reporter, signal, settings } = session;
  await using opened = new AsyncDisposableStack();
  const places = enginePlaces(session.globals, settings);
  const { against, prepare, addSignature: signatureFiles = [], finish } = choices;
  const roots = await readRoots(choices.keys);
  const nameOf = namesOf(roots.at(-1)?.certificates.values() ?? []);
  const dependencies = {
    roots,
    imageDirectories: imageDirectories(),
    stateDirectory: places.state,
    report: reporter.report,
    clock: systemClock,
    openHost: once(async () => opened.use(await (await import("../wire/wire.ts")).wire(session)).docker),
    openSigners: () => openSigners([...(choices.signer ?? []), ...(choices.freshnessSigner ?? [])], opened, choices.passphraseFd, signal),
    ...(against === undefined ? {} : { askPublic: () => askPublic(against, roots, session) }),
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
    ...(choices.allowOldCopy ? { isOldCopyWanted: true } : {}),
  };
  if (choices.dryRun) {
    const plan = await (await import("../../rbuild/repository/publish/plan-publication.ts")).planPublication(options, dependencies);
    return { data: plan, lines: planLines(plan) };
  }
  if (prepare !== undefined) {
    const { preparePublication } = await import("../../rbuild/repository/publish/prepared/prepare-publication.ts");
    const prepared = await preparePublication({ ...options, request: prepare }, dependencies);
    return { data: prepared, lines: prepared.kind === "prepared" ? preparedLines(prepared, nameOf) : publishLines(prepared) };
  }
  if (finish || signatureFiles.length > 0) {
    const { finishPublication } = await import("../../rbuild/repository/publish/prepared/finish-publication.ts");
    const finished = await finishPublication({ ...options, signatureFiles, isFinal: finish === true }, dependencies);
    return { data: finished, lines: finished.kind === "waiting" ? waitingLines(finished, nameOf) : publishLines(finished) };
  }
  const outcome = await (await import("../../rbuild/repository/publish/publish-images.ts")).publishImages(options, dependencies);
  return { data: outcome, lines: publishLines(outcome) };
}

async function abandon(directory: string): Promise<CommandResult> {
  const { abandonPrepared } = await import("../../rbuild/repository/publish/prepared/abandon-prepared.ts");
  const wasThere = await abandonPrepared(directory);
  return { data: { kind: "abandoned", directory, abandoned: wasThere }, lines: [wasThere ? "what was prepared is taken away" : "nothing was prepared"] };
}

/** The verdict of a client that asks the public repository now. */
async function askPublic(place: string, roots: readonly TrustedRoot[], session: Session) {
  const [{ openVouched }, { repositoryPlace }] = await Promise.all([
    import("../../rbuild/repository/fetch/open-vouched.ts"),
    import("../../rbuild/repository/fetch/repository-place.ts"),
  ]);
  const stateDirectory = enginePlaces(session.globals, session.settings).state;
  const dependencies = { roots, stateDirectory, report: session.reporter.report, clock: systemClock, signal: session.signal };
  await using repository = await openVouched([await repositoryPlace(place)], dependencies);
  return { source: repository.source, freshness: repository.verdict.freshness };
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
