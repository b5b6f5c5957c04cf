export * from "./clock.ts";
export * from "./errors.ts";
export * from "./files.ts";
export * from "./kernel/libc.ts";
export * from "./locks.ts";
export * from "./processes.ts";
export * from "./redaction.ts";
