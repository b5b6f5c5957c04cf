import type { Written } from "../instructions/instruction.ts";
import { type ExpandOptions, expandIn } from "../plan/expand.ts";
import type { BuildPlan } from "../plan/plan.ts";
import { defaultsOf, type StageState } from "./stage-state.ts";

/** Environment variables of an image, in their order. */
export function environmentOf(state: StageState): ReadonlyMap<string, string> {
  return new Map(
    (defaultsOf(state).Env ?? []).map((entry) => {
      const equals = entry.indexOf("=");
      return equals === -1 ? [entry, ""] : [entry.slice(0, equals), entry.slice(equals + 1)];
    }),
  );
}

/** Replaces variables as they are before `instruction`: ENV first, then ARG. */
export function expander(
  plan: Pick<BuildPlan, "file" | "escape">,
  state: StageState,
  instruction: Written,
): (text: string, options?: Pick<ExpandOptions, "raw">) => string {
  const environment = environmentOf(state);
  const lookup = (name: string): string | undefined => environment.get(name) ?? state.args.get(name);
  return (text, options = {}) => expandIn(text, { file: plan.file, escape: plan.escape, instruction, lookup, ...options });
}
