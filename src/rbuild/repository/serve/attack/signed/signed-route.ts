import { digestOf } from "../../../../../oci/index.ts";
import type { RepositoryIndex } from "../../../../trust/format/index-file.ts";
import { repositoryPaths } from "../../../../trust/format/paths.ts";
import { etagOf } from "../../files/file-route.ts";
import { notFound, type Route } from "../../http/answer.ts";
import { bytesAnswer } from "../../http/file-answer.ts";
import { openAttackLab } from "./attack-lab.ts";
import type { Fields } from "./lab-root.ts";
import { PLANS } from "./plans.ts";
import type { SignedAttack } from "./signed-attacks.ts";
import { makeSignedFiles } from "./signed-files.ts";

interface SignedOptions {
  readonly lab: string;
  readonly now: Date;
  /** What there is to be had; undefined: nothing. */
  readonly index: RepositoryIndex | undefined;
}

const METADATA = /^\/(?:current\.json|(?:root|freshness|index)\/.*)$/;

/**
 * All metadata are made anew, once, with keys of the lab; everything else is the honest repository's.
 * @throws RbuildError `serve.no-attack-lab`
 */
export async function signedRoute(attack: SignedAttack, honest: Route, { lab: directory, now, index }: SignedOptions): Promise<Route> {
  const lab = await openAttackLab(directory, now);
  const { images = [], blobs = [], deltas = [], locks = [], pool = [] } = index ?? {};
  const content = { images, blobs, deltas, locks, pool } as Fields;
  const plan = PLANS[attack]({ now, made: lab.made, images });
  const states = [await makeSignedFiles(plan, lab, content, now)];
  if (attack === "equivocation") states.unshift(await makeSignedFiles({}, lab, content, now));
  let asked = 0;
  return async (request) => {
    if (!METADATA.test(request.path)) return honest(request);
    const path = request.path.slice(1);
    const bytes = states[Math.max(0, path === repositoryPaths.current ? asked++ : asked - 1) % states.length]?.get(path);
    return bytes ? bytesAnswer(request, bytes, { etag: etagOf(digestOf(bytes)), headers: { "Cache-Control": "no-cache" } }) : notFound();
  };
}
