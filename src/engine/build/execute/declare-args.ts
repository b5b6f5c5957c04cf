import type { ArgInstruction } from "../instructions/arg.ts";
import type { BuildPlan } from "../plan/plan.ts";
import type { StageState } from "./stage-state.ts";
import { expander } from "./step-scope.ts";

/** What the caller gives wins over the default, the default over the value from before the first FROM. */
export function declareArgs(
  plan: Pick<BuildPlan, "file" | "escape" | "globals">,
  state: StageState,
  instruction: ArgInstruction,
  buildArgs: Readonly<Record<string, string>>,
): StageState {
  const args = new Map(state.args);
  for (const { name, value } of instruction.declarations) {
    const expand = expander(plan, { ...state, args }, instruction);
    const given = Object.hasOwn(buildArgs, name) ? buildArgs[name] : undefined;
    const result = given ?? (value === undefined ? plan.globals.get(name) : expand(value));
    if (result !== undefined) args.set(name, result);
  }
  return { ...state, args };
}
