import { z } from "zod";
import { referenceText } from "../../oci/index.ts";
import { json } from "../http/answer.ts";
import { readJson } from "../http/body.ts";
import type { Handler, Route } from "../http/router.ts";
import { referenceOf } from "../image-names.ts";
import { configChanges } from "../translate/config-changes.ts";
import { containerConfigShape } from "../translate/create/create-body.ts";

const bodySchema = z.object(containerConfigShape).nullable();

const commit: Handler = async ({ query, message }, { engine }) => {
  const config = await readJson(message, bodySchema);
  const reference = referenceOf(query.text("repo"), query.text("tag"));
  const [author, comment] = [query.text("author"), query.text("comment")];
  const image = await engine.containers.commit(query.required("container"), {
    ...(reference ? { reference: referenceText(reference) } : {}),
    ...(author === undefined ? {} : { author }),
    ...(comment === undefined ? {} : { comment }),
    changes: [...(config ? configChanges(config) : []), ...query.texts("changes").flatMap((text) => text.split("\n"))].filter((line) => line.trim() !== ""),
    pause: query.flag("pause", true),
  });
  return json({ Id: image.id }, 201);
};

export const COMMIT_ROUTES: readonly Route[] = [{ method: "POST", path: "/commit", handle: commit }];
