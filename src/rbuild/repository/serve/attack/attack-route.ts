import type { OpenFiles } from "../files/open-files.ts";
import type { Answer, Asked, Route } from "../http/answer.ts";
import { ALTERATIONS, type Alter } from "./alterations.ts";
import type { Attack } from "./attacks.ts";
import { lureRoutes } from "./lures.ts";
import type { SignedAttack } from "./signed/signed-attacks.ts";

/** The same server, hostile: what it says of repository and registry goes through the attack. Its page and its own state stay honest. */
export function attackRoute(attack: Exclude<Attack, SignedAttack>, honest: Route, files: OpenFiles): Route {
  const lure = lureRoutes(honest, files)[attack];
  if (lure) return (asked) => (isOwn(asked) && !COVERS_ALL.has(attack) ? honest(asked) : lure(asked));
  const alter = ALTERATIONS[attack];
  if (!alter) throw new Error(`nothing does ${attack}`);
  return async (asked) => {
    const answer = await honest(asked);
    return isOwn(asked) || !hasFile(answer) ? answer : altered(alter, asked, answer);
  };
}

const COVERS_ALL: ReadonlySet<Attack> = new Set<Attack>(["captive-portal", "error-page"]);

function isOwn({ path }: Asked): boolean {
  return path === "/" || path === "/healthz" || path === "/metrics";
}

function hasFile({ status }: Answer): boolean {
  return status === 200 || status === 206;
}

function altered(alter: Alter, asked: Asked, answer: Answer): Answer {
  return asked.method === "HEAD" ? answer : alter(answer, asked);
}
