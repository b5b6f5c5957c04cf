export * from "./bytes.ts";
export * from "./duration.ts";
export * from "./line.ts";
