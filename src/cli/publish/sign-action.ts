import { basename } from "node:path";
import { openVouched } from "../../rbuild/repository/fetch/open-vouched.ts";
import { repositoryPlace } from "../../rbuild/repository/fetch/repository-place.ts";
import { MAX_REQUEST_BYTES, readRequest, type SigningRequest } from "../../rbuild/repository/publish/prepared/signing-request.ts";
import { examineRequest, type ShownState } from "../../rbuild/repository/sign/examine-request.ts";
import { signRequest } from "../../rbuild/repository/sign/sign-request.ts";
import type { TrustedRoot } from "../../rbuild/trust/client/root-chain.ts";
import { isRbuildError, RbuildError, readFileIfExists, systemClock, writeFileAtomic } from "../../system/index.ts";
import { enginePlaces } from "../engine-places.ts";
import { exitCodeOf } from "../exit-code.ts";
import { imageDirectories } from "../image-directories.ts";
import type { SignerChoice } from "../keys/key-options.ts";
import { namesOf } from "../keys/name-of.ts";
import { chosenPlaces } from "../repository-choice.ts";
import type { CommandResult, Session } from "../session.ts";
import { openSigners } from "./open-signers.ts";
import { readRoots } from "./read-roots.ts";
import { examinationData, examinationLines } from "./sign-text.ts";

interface SignChoices {
  readonly signer?: readonly SignerChoice[];
  readonly passphraseFd?: number;
  readonly keys: string;
  readonly from?: readonly string[];
  readonly output?: string;
  readonly allowUnpinned?: true;
}

export async function sign(file: string, choices: SignChoices, session: Session): Promise<CommandResult> {
  const { signal } = session;
  const roots = await readRoots(choices.keys);
  const root = roots.at(-1) as TrustedRoot;
  const bytes = await readFileIfExists(file, MAX_REQUEST_BYTES);
  if (!bytes)
    throw new RbuildError("repository.request-damaged", `there is no file ${file}`, { category: "not-found", hint: "rbuild image publish DIR --prepare FILE" });
  const request = readRequest(bytes, file);
  const shown = await askShown(request, roots, choices, session);
  const isUnpinnedAllowed = choices.allowUnpinned === true;
  const now = systemClock.now();
  const examination = await examineRequest(request, { root, shown, imageDirectories: imageDirectories(), now, isUnpinnedAllowed });
  const [data, lines] = [examinationData(examination), examinationLines(examination, namesOf(root.certificates.values()))];
  const [problem] = examination.problems;
  if (!choices.signer) {
    const rest = problem ? { exitCode: exitCodeOf(problem) } : { notes: ["nothing is signed yet: --signer gpg:FINGERPRINT or the file of a secret key"] };
    return { data: { ...data, signed: [], output: null }, lines, ...rest };
  }
  if (problem && session.mode !== "json") process.stderr.write(`${lines.join("\n")}\n`);
  await using opened = new AsyncDisposableStack();
  const signers = problem ? [] : await openSigners(choices.signer, opened, choices.passphraseFd, signal);
  const made = await signRequest(examination, signers, { root, now, signal });
  const output = choices.output ?? defaultOutput(file, signers[0]?.fingerprint ?? "");
  await writeFileAtomic(output, made.bytes);
  const told = made.signed.map(({ part, signers: by }) => `signed   the ${part}, by ${by.join(", ")}`);
  const next = `${output}: send it to whoever prepared this, for rbuild image publish DIR --add-signature ${basename(output)} --finish`;
  return { data: { ...data, signed: made.signed, output }, lines: [...lines, "", ...told, next] };
}

/** What the repository shows now, where somebody says where it is; undefined when it shows nothing, as before a first publication. */
async function askShown(request: SigningRequest, roots: readonly TrustedRoot[], { from }: SignChoices, session: Session): Promise<ShownState | undefined> {
  const places = chosenPlaces(from, session.settings) ?? [];
  if (places.length === 0) return undefined;
  const stateDirectory = enginePlaces(session.globals, session.settings).state;
  const dependencies = { roots, stateDirectory, report: session.reporter.report, clock: systemClock, signal: session.signal };
  try {
    await using repository = await openVouched(await Promise.all(places.map((text) => repositoryPlace(text))), dependencies);
    const { verdict, source } = repository;
    const stale = verdict.kind === "stale" ? { stale: verdict.reason.message } : {};
    return { source, freshness: verdict.freshness, index: verdict.index, ...stale };
  } catch (error) {
    if (request.follows === undefined && isRbuildError(error, "trust.missing-file")) return undefined;
    throw error;
  }
}

function defaultOutput(file: string, fingerprint: string): string {
  return `${file.replace(/\.json$/, "")}.${fingerprint.slice(-16)}.signatures.json`;
}
