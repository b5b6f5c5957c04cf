import { randomBytes } from "node:crypto";

/** 12 hex digits that name one run of `rbuild iso`. */
export type BuildId = string & { readonly __brand: "BuildId" };

export const newBuildId = (): BuildId => randomBytes(6).toString("hex") as BuildId;

export function isBuildId(text: string): text is BuildId {
  return /^[0-9a-f]{12}$/.test(text);
}
