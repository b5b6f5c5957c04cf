import type { StepRunner } from "../../../make-runner/index.ts";
import type { CreatedContainer } from "../../container-host/container.ts";

/**
 * Runs one step as the first process of a container. The container is made by `create` and belongs to the caller: it is
 * ended with the step and stays to be looked at.
 */
export function containerStepRunner(create: (args: readonly string[]) => Promise<CreatedContainer>): StepRunner {
  return {
    async start({ args }, options = {}) {
      const created = await create(args);
      const started = await created.start(options);
      return {
        output: started.output,
        exit: () => started.exit(),
        async [Symbol.asyncDispose]() {
          // Refused when it is not running, which is what is wanted.
          await created.container.kill().catch(() => {});
          await created.container.wait().catch(() => {});
        },
      };
    },
  };
}
