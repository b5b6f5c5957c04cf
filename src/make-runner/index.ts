export { DATABASE_ARGS, hasTarget, type MakeDatabase, parseMakeDatabase } from "./database.ts";
export type * from "./events.ts";
export { MAKEFILE_NAMES, type MakeHook, makeHook } from "./hook.ts";
export { LineCutter } from "./lines.ts";
export { runTarget, type TargetRun, type TargetRunDependencies } from "./run-target.ts";
export type { RunningStep, StepCommand, StepExit, StepOutput, StepRunner } from "./step-runner.ts";
export { type OpenStep, openStep, type StepSubject, withStep } from "./steps.ts";
