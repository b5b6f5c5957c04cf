export * from "./format/index.ts";
export * from "./json-reporter.ts";
export * from "./plain-reporter.ts";
export * from "./quiet-reporter.ts";
export * from "./reporter.ts";
export * from "./view-state.ts";
