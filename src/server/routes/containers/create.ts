import { json } from "../../http/answer.ts";
import { readJson } from "../../http/body.ts";
import type { Handler } from "../../http/router.ts";
import { createBodySchema } from "../../translate/create/create-body.ts";
import { createByBody } from "./create-by-body.ts";

export const createContainer: Handler = async ({ message, query }, { engine }) => {
  const body = await readJson(message, createBodySchema);
  const { id, warnings } = await createByBody(engine, body, { name: query.text("name"), platform: query.text("platform") });
  return json({ Id: id, Warnings: warnings }, 201);
};
