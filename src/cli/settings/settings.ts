import type { ProxyChoice } from "../../rbuild/index.ts";
import { RbuildError } from "../../system/errors.ts";
import { parseApiAddress, parseArchiveTemplate, parseHttpUrl, parsePath, parsePools, parseProxy, parseQuorum, parseUi, type UiChoice } from "../values.ts";

/** A person's lasting choices. An option on the command line or a variable of the environment wins over them. */
export interface Settings {
  readonly proxy?: ProxyChoice;
  readonly mirror?: string;
  readonly pools?: readonly string[];
  readonly archive?: string;
  readonly repositories?: readonly string[];
  readonly quorum?: number | "all";
  readonly ui?: UiChoice;
  readonly engineRoot?: string;
  readonly runRoot?: string;
  readonly host?: string;
}

interface SettingKind {
  readonly description: string;
  /** @throws RbuildError `cli.invalid-value` */
  readonly parse: (text: string) => unknown;
  readonly field: keyof Settings;
}

/** Every setting there is, by the name of the option it stands for. */
export const SETTINGS: Readonly<Record<string, SettingKind>> = {
  proxy: { description: "package proxy of builds: none, link, a URL, or link+URL", parse: parseProxy, field: "proxy" },
  mirror: { description: "Debian mirror that packages come from: a URL", parse: parseHttpUrl, field: "mirror" },
  pool: { description: "pools that packages come from: directories and URLs, with commas between them", parse: parsePools, field: "pools" },
  archive: { description: "archive of old states: a URL with {archive}, {timestamp}, {path}, {name}, {sha256}", parse: parseArchiveTemplate, field: "archive" },
  repositories: {
    description: "where pinned images are fetched from before they are built: URLs and directories, with commas between them",
    parse: parsePools,
    field: "repositories",
  },
  quorum: {
    description: "independent rebuilders who must have got the same as what is fetched, where that is more than the root wants: a number, or all",
    parse: parseQuorum,
    field: "quorum",
  },
  ui: { description: "what a terminal shows: live or plain", parse: parseUi, field: "ui" },
  "engine-root": { description: "where the embedded engine keeps images and containers", parse: parsePath, field: "engineRoot" },
  "run-root": { description: "where the embedded engine keeps what ends with the boot", parse: parsePath, field: "runRoot" },
  host: { description: "Docker API to use instead of the embedded engine", parse: (text) => parseApiAddress(text) && text, field: "host" },
};

/** Settings from texts by name. @throws RbuildError `config.unknown-key`, `cli.invalid-value` */
export function parseSettings(texts: Readonly<Record<string, unknown>>): Settings {
  const settings: Partial<Record<keyof Settings, unknown>> = {};
  for (const [key, value] of Object.entries(texts)) {
    const kind = settingKind(key);
    if (typeof value !== "string")
      throw new RbuildError("cli.invalid-value", `the setting ${key} is no text`, { category: "invalid", hint: `rbuild config unset ${key}` });
    settings[kind.field] = kind.parse(value);
  }
  return settings as Settings;
}

export function settingKind(key: string): SettingKind {
  const kind = Object.hasOwn(SETTINGS, key) ? SETTINGS[key] : undefined;
  if (kind) return kind;
  throw new RbuildError("config.unknown-key", `there is no setting ${JSON.stringify(key)}`, {
    category: "invalid",
    hint: `one of ${Object.keys(SETTINGS).join(", ")}`,
  });
}
