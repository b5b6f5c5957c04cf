import { type Clock, RbuildError, systemClock } from "../../../../system/index.ts";
import { openMemoryStore } from "../../../trust/client/memory-store.ts";
import type { OpenFiles } from "../files/open-files.ts";
import type { Route } from "../http/answer.ts";
import { metadataOf } from "../view/metadata-of-files.ts";
import { viewRepository } from "../view/repository-view.ts";
import { attackRoute } from "./attack-route.ts";
import type { Attack } from "./attacks.ts";
import { isSignedAttack } from "./signed/signed-attacks.ts";

interface HostileOptions {
  readonly attack?: Attack;
  readonly attackLab?: string;
  readonly clock?: Clock;
}

/** The honest server as it is, or what an attack makes of it. @throws RbuildError `serve.no-attack-lab`, `serve.attack-needs-lab` */
export async function hostileRoute(honest: Route, files: OpenFiles, { attack, attackLab, clock = systemClock }: HostileOptions): Promise<Route> {
  if (attack === undefined) return honest;
  if (!isSignedAttack(attack)) return attackRoute(attack, honest, files);
  if (attackLab === undefined) throw needsLab(attack);
  const view = await viewRepository({ repository: metadataOf(files), keys: undefined, store: openMemoryStore(), clock });
  const { signedRoute } = await import("./signed/signed-route.ts");
  return signedRoute(attack, honest, { lab: attackLab, now: clock.now(), index: view.kind === "read" ? view.index : undefined });
}

function needsLab(attack: Attack): RbuildError {
  return new RbuildError("serve.attack-needs-lab", `${attack} needs keys to sign with, and a client that believes them`, {
    category: "invalid",
    hint: `--attack ${attack} --attack-lab DIR makes them; the client's --keys is DIR/keys`,
  });
}
