import { pathExists, RbuildError } from "../../system/index.ts";
import { parseSettings, type Settings } from "./settings.ts";
import { settingsPlace } from "./settings-directory.ts";

/** The person's settings; none when there is no file. @throws RbuildError `config.unreadable`, `config.unknown-key`, `cli.invalid-value` */
export async function readSettings(environment: Readonly<Record<string, string | undefined>>): Promise<Settings> {
  const place = settingsPlace(environment);
  if (!(await pathExists(place.file))) return {};
  const { openSettingsFile } = await import("./settings-file.ts");
  try {
    return parseSettings((await openSettingsFile(place)).all());
  } catch (error) {
    if (error instanceof RbuildError && error.code !== "config.unreadable") {
      throw new RbuildError(error.code, `${place.file}: ${error.message}`, {
        category: "invalid",
        hint: error.hint ?? `correct or remove ${place.file}`,
        cause: error,
      });
    }
    throw error;
  }
}
