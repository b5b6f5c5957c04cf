import type { ServerContext } from "../../context.ts";
import type { Answer } from "../../http/answer.ts";
import { parameterMissing } from "../../http/query.ts";
import type { Handler } from "../../http/router.ts";
import { familiarName } from "../../image-names.ts";

async function save({ engine }: ServerContext, names: readonly string[]): Promise<Answer> {
  // Looked up first, so that a missing one is an error and not a broken archive.
  for (const name of names) await engine.images.get(name);
  return { kind: "bytes", contentType: "application/x-tar", source: engine.images.save(names) };
}

export const saveImage: Handler = ({ params }, context) => save(context, [familiarName(params["name"] ?? "")]);

export const saveImages: Handler = ({ query }, context) => {
  const names = query.texts("names").map(familiarName);
  if (names.length === 0) throw parameterMissing("names");
  return save(context, names);
};
