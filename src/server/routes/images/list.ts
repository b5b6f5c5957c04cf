import type { Image } from "../../../engine/index.ts";
import type { ServerContext } from "../../context.ts";
import { json } from "../../http/answer.ts";
import { anyOf, type Filters, flagFilter, labelsPass, readFilters } from "../../http/filters.ts";
import type { Handler } from "../../http/router.ts";
import { untilFilter } from "../../http/until.ts";
import { familiarName, matchesReference } from "../../image-names.ts";
import { imageSummary } from "../../translate/answer/image-answers.ts";
import { unixSeconds } from "../../translate/answer/time.ts";

const FILTERS = ["before", "dangling", "label", "label!", "reference", "since", "until"];

export const listImages: Handler = async ({ query, version }, context) => {
  const filters = readFilters(query, FILTERS);
  const name = query.text("filter");
  const images = (await context.engine.images.list()).filter(
    (image) => name === undefined || image.references.some((reference) => matchesReference(reference, name)),
  );
  const wanted = await filterImages(images, filters, context);
  return json(wanted.toSorted(newestFirst).map((image) => imageSummary(image, version)));
};

async function filterImages(images: readonly Image[], filters: Filters, { engine, clock }: ServerContext): Promise<Image[]> {
  const dangling = flagFilter(filters, "dangling");
  const created = async (name: string) => {
    const [lookup] = filters.get(name) ?? [];
    return lookup === undefined ? undefined : unixSeconds((await engine.images.get(familiarName(lookup))).config.created);
  };
  const [before, since] = [await created("before"), await created("since")];
  const until = untilFilter(filters, clock.now());
  return images.filter((image) => {
    const at = unixSeconds(image.config.created);
    return (
      (dangling === undefined || dangling === (image.references.length === 0)) &&
      labelsPass(filters, image.config.config?.Labels ?? {}) &&
      anyOf(filters, "reference", (pattern) => image.references.some((reference) => matchesReference(reference, pattern))) &&
      (before === undefined || at < before) &&
      (since === undefined || at > since) &&
      (until === undefined || at * 1000 < until.getTime())
    );
  });
}

const newestFirst = (a: Image, b: Image) => unixSeconds(b.config.created) - unixSeconds(a.config.created) || (a.id < b.id ? -1 : 1);
