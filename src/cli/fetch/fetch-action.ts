import { hostPlatform } from "../../oci/index.ts";
import { findDefinition } from "../../rbuild/definition/find-definition.ts";
import { readPin } from "../../rbuild/images/pin/pin-file.ts";
import { byteText } from "../../rbuild/pool/byte-text.ts";
import { type FetchedImage, fetchImage } from "../../rbuild/repository/fetch/fetch-image.ts";
import { fromPackages } from "../../rbuild/repository/fetch/from-packages.ts";
import { openRepository } from "../../rbuild/repository/fetch/open-repository.ts";
import { repositoryPlace } from "../../rbuild/repository/fetch/repository-place.ts";
import { counted } from "../../system/counted.ts";
import { isRbuildError, RbuildError, systemClock } from "../../system/index.ts";
import { imageDirectories } from "../image-directories.ts";
import { chosenSources } from "../pool-sources.ts";
import { readRoots } from "../publish/read-roots.ts";
import { chosenPlaces, chosenQuorum } from "../repository-choice.ts";
import type { CommandResult, Session } from "../session.ts";
import { wire } from "../wire/wire.ts";

interface FetchChoices {
  readonly from?: readonly string[];
  readonly channel?: string;
  readonly version?: string;
  readonly quorum?: number | "all";
  readonly keys: string;
  /** May be built from packages where these are far fewer bytes. */
  readonly build: boolean;
}

export async function fetchImages(names: readonly string[], choices: FetchChoices, session: Session): Promise<CommandResult> {
  const { reporter, signal } = session;
  const { channel, version, keys } = choices;
  const places = await Promise.all(placesOf(choices, session).map((text) => repositoryPlace(text)));
  const roots = await readRoots(keys);
  await using host = await wire(session);
  const dependencies = {
    roots,
    stateDirectory: host.stateDirectory,
    containerHost: host.docker,
    report: reporter.report,
    clock: systemClock,
    quorum: chosenQuorum(choices.quorum, session.settings),
    signal,
  };
  await using repository = await openRepository(places, dependencies);
  const fetched: FetchedImage[] = [];
  for (const name of names) {
    const pin = await pinOf(name);
    const wanted = { ...(channel === undefined ? {} : { channel }), ...(version === undefined ? {} : { version }), ...(pin ? { pin } : {}) };
    const packages =
      pin && choices.build
        ? fromPackages(pin, { sources: chosenSources({}, session.settings), signal }, { ...dependencies, imageDirectories: imageDirectories() })
        : undefined;
    const ways = packages ? { ...dependencies, packages } : dependencies;
    fetched.push(await fetchImage({ name, architecture: hostPlatform().architecture, ...wanted }, repository, ways));
  }
  return { data: fetched, lines: fetched.map(line) };
}

function placesOf({ from }: FetchChoices, { settings }: Session): readonly string[] {
  const places = chosenPlaces(from, settings);
  if (places && places.length > 0) return places;
  throw new RbuildError("repository.not-named", "no repository is named that images could be fetched from", {
    category: "invalid",
    hint: "--from URL, or for always: rbuild config set repositories URL",
  });
}

/** Images need not be defined in this tree. */
async function pinOf(name: string) {
  try {
    return await readPin((await findDefinition(name, imageDirectories())).directory);
  } catch (error) {
    if (isRbuildError(error, "definition.not-found")) return undefined;
    throw error;
  }
}

/** Several with what each gave. */
const placesText = (sources: FetchedImage["sources"], only: string): string =>
  sources.length < 2 ? only : sources.map(({ source, bytes }) => `${source} (${byteText(bytes)})`).join(", ");

const WAYS = ["delta", "full", "packages"] as const;
const NAMES = { delta: "as a delta", full: "whole", packages: "from packages" };

function line({ reference, digest, how, bytes, discarded, size, source, sources, rebuilders, predicted }: FetchedImage): string {
  const way = { delta: " as a delta", full: "", packages: " of packages" };
  const told =
    how === "present"
      ? "is there already"
      : `${how === "packages" ? `built as in ${source}` : `from ${placesText(sources, source)}`}: ${byteText(bytes)}${way[how]} for ${byteText(size)}`;
  const others = predicted === undefined || how === "present" ? [] : WAYS.filter((each) => each !== how && predicted[each] !== undefined);
  const instead = others.length === 0 ? "" : ` (${others.map((each) => `${NAMES[each]} ${byteText(predicted?.[each] ?? 0)}`).join(", ")})`;
  const said = rebuilders && rebuilders.of > 0 ? `; ${rebuilders.identical.length} of ${counted(rebuilders.of, "rebuilder")} got the same` : "";
  const dropped = discarded > 0 ? `; ${byteText(discarded)} besides were of no use` : "";
  return `${reference} ${digest} ${told}${instead}${dropped}${said}`;
}
