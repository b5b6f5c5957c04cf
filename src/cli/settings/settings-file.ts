import { chown, mkdir } from "node:fs/promises";
import Conf from "conf";
import { RbuildError } from "../../system/index.ts";
import type { SettingsPlace } from "./settings-directory.ts";

/** The file of settings: texts by name, replaced atomically. */
export interface SettingsFile {
  all(): Readonly<Record<string, unknown>>;
  set(key: string, text: string): Promise<void>;
  /** False when it was not set. */
  unset(key: string): Promise<boolean>;
}

/** @throws RbuildError `config.unreadable` */
export async function openSettingsFile(place: SettingsPlace): Promise<SettingsFile> {
  const conf = open(place);
  const write = async (change: () => void) => {
    await mkdir(place.directory, { recursive: true, mode: 0o700 });
    change();
    if (!place.owner) return;
    await chown(place.directory, place.owner.uid, place.owner.gid);
    await chown(place.file, place.owner.uid, place.owner.gid);
  };
  return {
    all: () => ({ ...conf.store }),
    set: (key, text) => write(() => conf.set(key, text)),
    async unset(key) {
      if (!conf.has(key)) return false;
      await write(() => conf.delete(key));
      return true;
    },
  };
}

function open(place: SettingsPlace): Conf {
  try {
    const conf = new Conf({
      cwd: place.directory,
      configName: "config",
      configFileMode: 0o600,
      accessPropertiesByDotNotation: false,
      clearInvalidConfig: false,
    });
    void conf.store;
    return conf;
  } catch (error) {
    throw new RbuildError("config.unreadable", `${place.file} cannot be read as settings`, {
      category: "invalid",
      hint: `correct or remove ${place.file}`,
      cause: error,
    });
  }
}
