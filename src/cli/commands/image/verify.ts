import { EXIT } from "../../exit-code.ts";
import { newCommand } from "../../new-command.ts";
import { imageDependencies, NAMES_ARGUMENT, openImageHost } from "./image-session.ts";

export function imageVerifyCommand() {
  return newCommand("verify", "compare images in the engine with their pins")
    .argument(...NAMES_ARGUMENT)
    .addHelpText("after", "\nExit code 4 when one differs from its pin, 1 when one is absent or has no pin.")
    .action(async (names, _options, command) => {
      const { runSession } = await import("../../session.ts");
      await runSession(command, async (session) => {
        const [{ checkPin }, { verdictLine }] = await Promise.all([import("../../../rbuild/images/check-pin.ts"), import("../../image-text.ts")]);
        await using host = await openImageHost(session);
        const verdicts = [];
        for (const name of names) verdicts.push({ name, ...(await checkPin({ name }, { ...imageDependencies(host, session), signal: session.signal })) });
        const exitCode = verdicts.some(({ kind }) => kind === "different")
          ? EXIT.baseRefused
          : verdicts.every(({ kind }) => kind === "exact")
            ? EXIT.done
            : EXIT.differs;
        return { data: verdicts, lines: verdicts.map(verdictLine), exitCode };
      });
    });
}
