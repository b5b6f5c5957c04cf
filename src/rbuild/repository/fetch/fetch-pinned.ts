import { systemClock } from "../../../system/index.ts";
import type { ImageDependencies, ImagePin, RepositoryChoice } from "../../images/image-operations.ts";
import type { SourceChoice } from "../../pool/sources.ts";
import { readCheckout } from "../../trust/index.ts";
import { accepted } from "../../trust/refusal.ts";
import { type FetchedImage, fetchImage } from "./fetch-image.ts";
import { fromPackages } from "./from-packages.ts";
import { openRepository } from "./open-repository.ts";
import { isUrl, repositoryPlace } from "./repository-place.ts";

/**
 * The pinned image from one of the places, or built from packages where these are far fewer bytes. Undefined when there is none to ask: none
 * that is no URL where `offline`, or the checkout has no root that says whose signature counts.
 * @throws RbuildError those of `openRepository` and `fetchImage`
 */
export async function fetchPinned(
  pin: ImagePin,
  { places, keys, isExplicit, quorum }: RepositoryChoice,
  { offline, sources, signal }: { readonly offline: boolean; readonly sources?: SourceChoice; readonly signal?: AbortSignal },
  imageDependencies: ImageDependencies,
): Promise<FetchedImage | undefined> {
  const { containerHost, report, stateDirectory } = imageDependencies;
  const texts = places.filter((text) => !offline || !isUrl(text));
  if (texts.length === 0) return undefined;
  const { roots } = accepted(await readCheckout(keys, systemClock.now()));
  if (roots.length === 0) {
    const message = `${places.join(", ")} is not asked: ${keys} has no signed root that says whose signature counts`;
    if (isExplicit) report({ kind: "warning.raised", code: "trust.no-root", message, hint: "get keys/ from whoever publishes, with the checkout" });
    return undefined;
  }
  const dependencies = {
    roots,
    stateDirectory,
    containerHost,
    report,
    clock: systemClock,
    packages: fromPackages(pin, { offline, ...(sources ? { sources } : {}), ...(signal ? { signal } : {}) }, imageDependencies),
    ...(quorum === undefined ? {} : { quorum }),
    ...(signal ? { signal } : {}),
  };
  await using repository = await openRepository(await Promise.all(texts.map((text) => repositoryPlace(text))), dependencies);
  return await fetchImage({ name: pin.name, architecture: pin.architecture, version: pin.version, pin }, repository, dependencies);
}
