import { z } from "zod";
import { json } from "../../http/answer.ts";
import { readJson } from "../../http/body.ts";
import type { Handler } from "../../http/router.ts";
import { notOffered } from "../refused.ts";

const updateSchema = z.record(z.string(), z.unknown()).nullable();

/** A container keeps what it was created with; a request that changes nothing is fine. */
export const updateContainer: Handler = async ({ params, message }, { engine }) => {
  await engine.containers.get(params["id"] ?? "");
  const asked = Object.entries((await readJson(message, updateSchema)) ?? {}).find(([, value]) => isSet(value));
  if (asked) throw notOffered(`changing ${asked[0]} of a container; create it with what it needs`);
  return json({ Warnings: null });
};

/** Clients send every field, with zeros for what they do not change. */
function isSet(value: unknown): boolean {
  if (value === "no") return false;
  return typeof value === "object" && value !== null ? Object.values(value).some(isSet) : Boolean(value);
}
