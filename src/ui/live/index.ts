export * from "./live-reporter.tsx";
