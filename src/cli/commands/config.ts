import { Argument } from "@commander-js/extra-typings";
import { EXIT } from "../exit-code.ts";
import { examples, newCommand } from "../new-command.ts";
import { SETTINGS, settingKind } from "../settings/settings.ts";

const key = () => new Argument("<key>", "name of the setting").choices(Object.keys(SETTINGS));

export function configCommand() {
  const list = newCommand("list", "list the settings").action(async (_options, command) => {
    const { runSession } = await import("../session.ts");
    await runSession(command, async () => {
      const texts = (await openFile()).all();
      return { data: texts, lines: Object.entries(texts).map(([name, text]) => `${name}=${String(text)}`) };
    });
  });

  const get = newCommand("get", "print a setting; exit code 1 when it is not set")
    .addArgument(key())
    .action(async (name, _options, command) => {
      const { runSession } = await import("../session.ts");
      await runSession(command, async () => {
        const value = (await openFile()).all()[name];
        return { data: value ?? null, lines: typeof value === "string" ? [value] : [], exitCode: value === undefined ? EXIT.differs : EXIT.done };
      });
    });

  const set = newCommand("set", "set a setting")
    .addArgument(key())
    .argument("<value>", "its new value")
    .action(async (name, value, _options, command) => {
      const { runSession } = await import("../session.ts");
      await runSession(command, async () => {
        settingKind(name).parse(value);
        await (await openFile()).set(name, value);
        return { data: { [name]: value } };
      });
    });

  const unset = newCommand("unset", "take a setting away")
    .addArgument(key())
    .action(async (name, _options, command) => {
      const { runSession } = await import("../session.ts");
      await runSession(command, async () => ({ data: { wasSet: await (await openFile()).unset(name) } }));
    });

  const names = Object.entries(SETTINGS).map(([name, { description }]) => `  ${name.padEnd(12)}  ${description}`);
  return newCommand("config", "keep choices that hold for every command")
    .addCommand(list)
    .addCommand(get)
    .addCommand(set)
    .addCommand(unset)
    .addHelpText("after", `\nSettings (an option on the command line wins):\n${names.join("\n")}`)
    .addHelpText(
      "after",
      examples([
        ["rbuild config set proxy none", "fetch packages without a caching proxy"],
        ["rbuild config list", "what is set"],
      ]),
    );
}

async function openFile() {
  const [{ openSettingsFile }, { settingsPlace }] = await Promise.all([import("../settings/settings-file.ts"), import("../settings/settings-directory.ts")]);
  return openSettingsFile(settingsPlace(process.env));
}
