import type { Handler } from "../../http/router.ts";
import { uploaded } from "../../http/upload.ts";
import { referenceOf } from "../../image-names.ts";
import { unsupportedOption } from "../../translate/create/refusal.ts";
import { applyChanges } from "../../translate/import-changes.ts";
import { parsePlatform } from "../../translate/platform.ts";
import { noRegistry } from "../refused.ts";

/** Two requests under one path: `fromSrc=-` imports a root file system, `fromImage` would pull. */
export const createImage: Handler = async ({ query, message, signal }, { engine, clock }) => {
  const source = query.text("fromSrc");
  if (source === undefined) throw noRegistry();
  if (source !== "-") throw unsupportedOption("import from a URL", source);
  const reference = referenceOf(query.text("repo"), query.text("tag"));
  const changes = query.texts("changes");
  const platform = query.text("platform");
  const image = await engine.images.importRootfs(uploaded(message), {
    ...(reference ? { reference } : {}),
    ...(changes.length > 0 ? { config: applyChanges({}, changes) } : {}),
    ...(platform === undefined ? {} : { platform: parsePlatform(platform) }),
    created: clock.now().toISOString(),
    comment: query.text("message") ?? "Imported from -",
    signal,
  });
  return { kind: "json-lines", values: once({ status: image.id }) };
};

async function* once(value: unknown): AsyncGenerator {
  yield value;
}
