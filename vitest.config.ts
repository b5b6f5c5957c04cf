import { defineConfig } from "vitest/config";

// Tests that use the kernel (mounts, namespaces, cgroups) or the machine's only QEMU slot run one file at a time.
const serial = { fileParallelism: false, maxWorkers: 1 } as const;

// `make test-full` builds examples/live twice and boots it, and has faults at each call.
const isFull = process.env["RBUILD_TEST_FULL"] === "1";

// What a test waits for comes late on a busy machine.
const patient = { hookTimeout: 60_000, expect: { poll: { timeout: 30_000 } }, exclude: isFull ? [] : ["**/*.full.test.ts"] };

export default defineConfig({
  test: {
    reporters: ["default"],
    // node:ffi, behind src/system/kernel, is experimental in the pinned Node.
    execArgv: ["--disable-warning=ExperimentalWarning"],
    projects: [
      // Property tests take their time on a busy machine.
      { test: { name: "unit", include: ["test/unit/**/*.test.{ts,tsx}"], testTimeout: 60_000, ...patient } },
      // Parsers of what comes from outside; `make fuzz` gives them more.
      { test: { name: "fuzz", include: ["test/fuzz/**/*.test.ts"], testTimeout: 60_000, ...patient } },
      { test: { name: "architecture", include: ["test/architecture/**/*.test.ts"], testTimeout: 120_000, ...patient } },
      { test: { name: "contract", include: ["test/contract/**/*.test.ts"], testTimeout: 120_000, ...patient, ...serial } },
      { test: { name: "integration", include: ["test/integration/**/*.test.ts"], ...patient, testTimeout: 300_000, hookTimeout: 300_000, ...serial } },
      { test: { name: "conformance", include: ["test/conformance/**/*.test.ts"], ...patient, testTimeout: 300_000, hookTimeout: 300_000, ...serial } },
      {
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          ...patient,
          testTimeout: 1_500_000,
          hookTimeout: 1_500_000,
          ...serial,
        },
      },
    ],
  },
});
