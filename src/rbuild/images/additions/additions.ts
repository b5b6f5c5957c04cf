import { dirname } from "node:path";
import { isSystemError, RbuildError, readFileIfExists } from "../../../system/index.ts";
import { byteString, type TarHeader, type TarInput, tarHeader } from "../../../system/tar/index.ts";
import { ownFilePath } from "../../definition/own-file.ts";
import type { LocatedDefinition } from "../../definition/read-definition.ts";
import type { ImageDefinition, ImageFile } from "../../definition/schema.ts";
import { missingFile } from "../steps/build-context.ts";
import { isInContainer } from "../steps/read-container-file.ts";
import type { StepContainer } from "../steps/step-container.ts";
import { ACCOUNT_FILES, type AccountFile, type Accounts, type AccountTexts, addUsers, readAccounts, unknownAccount } from "./accounts.ts";

/** Bytes of one file of a definition's directory. */
const MAX_FILE_BYTES = 256 * 1024 * 1024;

/**
 * Puts a definition's users, files, locale and time zone into a container. Nothing runs in it.
 * @throws RbuildError `image.account-exists`, `image.unknown-account`, `image.file-missing`, `definition.file-outside`, `image.timezone-missing`
 */
export async function addDefined({ definition, directory }: LocatedDefinition, container: StepContainer, sourceDateEpoch: number): Promise<void> {
  const members = new Members(container, sourceDateEpoch);
  const accounts = await addAccounts(definition, container, members, sourceDateEpoch);
  for (const file of definition.files ?? [])
    await members.file(file.path, await contentOf(file, directory), ownerOf(file, accounts), Number.parseInt(file.mode, 8));
  if (definition.locale !== undefined) await members.file("/etc/default/locale", Buffer.from(`LANG=${definition.locale}\n`));
  if (definition.timezone !== undefined) await addTimezone(definition.timezone, container, members);
  if (members.entries.length > 0) await container.put(members.entries);
}

/** Members to put, each with the directories that the image does not have. */
class Members {
  readonly entries: TarInput[] = [];
  readonly #container: StepContainer;
  readonly #common: Pick<TarHeader, "mtime">;
  readonly #known = new Set<string>(["/"]);

  constructor(container: StepContainer, sourceDateEpoch: number) {
    this.#container = container;
    this.#common = { mtime: { seconds: sourceDateEpoch, nanoseconds: 0 } };
  }

  async file(path: string, bytes: Uint8Array, owner: Owner = ROOT, mode = 0o644): Promise<void> {
    await this.#directories(dirname(path));
    this.entries.push({ ...tarHeader({ ...this.#common, ...owner, path: relative(path), kind: "file", mode, size: bytes.byteLength }), body: [bytes] });
  }

  async link(path: string, target: string): Promise<void> {
    await this.#directories(dirname(path));
    this.entries.push(tarHeader({ ...this.#common, path: relative(path), kind: "symlink", mode: 0o777, linkPath: byteString(target) }));
  }

  async directory(path: string, owner: Owner): Promise<void> {
    await this.#directories(dirname(path));
    if (!(await this.#isThere(path)))
      this.entries.push(tarHeader({ ...this.#common, ...owner, path: byteString(`${path.slice(1)}/`), kind: "directory", mode: 0o755 }));
  }

  async #directories(path: string): Promise<void> {
    if (path === "/" || this.#known.has(path)) return;
    await this.#directories(dirname(path));
    if (!(await this.#isThere(path))) this.entries.push(tarHeader({ ...this.#common, path: byteString(`${path.slice(1)}/`), kind: "directory", mode: 0o755 }));
  }

  async #isThere(path: string): Promise<boolean> {
    if (this.#known.has(path)) return true;
    this.#known.add(path);
    return isInContainer(this.#container.container, path);
  }
}

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

const ROOT: Owner = { uid: 0, gid: 0 };
const relative = (path: string) => byteString(path.slice(1));

async function addAccounts(
  { users = [], files = [] }: ImageDefinition,
  container: StepContainer,
  members: Members,
  sourceDateEpoch: number,
): Promise<Accounts> {
  const isNamed = ({ owner, group }: ImageFile) => owner !== "root" || group !== "root";
  if (users.length === 0 && !files.some(isNamed)) return readAccounts({ passwd: "", group: "" });
  const texts = Object.fromEntries(
    await Promise.all(ACCOUNT_FILES.map(async (name) => [name, (await container.read(`/etc/${name}`))?.toString("utf8") ?? ""] as const)),
  ) as AccountTexts;
  if (users.length === 0) return readAccounts(texts);
  const changed = addUsers(texts, users, Math.floor(sourceDateEpoch / 86_400));
  const { groups } = readAccounts(changed);
  for (const name of ACCOUNT_FILES)
    if (changed[name] !== texts[name]) await members.file(`/etc/${name}`, Buffer.from(changed[name]), accountOwner(name, groups), accountMode(name));
  for (const { home, uid, gid = uid } of users) if (home !== undefined) await members.directory(home, { uid, gid });
  return readAccounts(changed);
}

const isSecret = (name: AccountFile): boolean => name === "shadow" || name === "gshadow";
const accountMode = (name: AccountFile): number => (isSecret(name) ? 0o640 : 0o644);
/** Debian's: group shadow reads them. */
const accountOwner = (name: AccountFile, groups: Accounts["groups"]): Owner => ({ uid: 0, gid: isSecret(name) ? (groups.get("shadow") ?? 0) : 0 });

function ownerOf({ owner, group }: ImageFile, { users, groups }: Accounts): Owner {
  const [uid, gid] = [users.get(owner), groups.get(group)];
  if (uid === undefined) throw unknownAccount("user", owner);
  if (gid === undefined) throw unknownAccount("group", group);
  return { uid, gid };
}

async function contentOf({ content, source = "" }: ImageFile, directory: string): Promise<Uint8Array> {
  if (content !== undefined) return Buffer.from(content);
  return readOwnFile(directory, source);
}

/** A file of a definition's directory. @throws RbuildError `image.file-missing`, `definition.file-outside`, `file.too-large` */
export async function readOwnFile(directory: string, name: string): Promise<Buffer> {
  const path = await ownFilePath(directory, name);
  const bytes = await readFileIfExists(path, MAX_FILE_BYTES).catch((error: unknown) => {
    throw isSystemError(error, "ELOOP") ? missingFile(path, error) : error;
  });
  if (!bytes) throw missingFile(path);
  return bytes;
}

async function addTimezone(timezone: string, container: StepContainer, members: Members): Promise<void> {
  const target = `/usr/share/zoneinfo/${timezone}`;
  if (!(await isInContainer(container.container, target))) {
    throw new RbuildError("image.timezone-missing", `the image has no time zone ${timezone}: ${target} is not in it`, {
      category: "invalid",
      hint: "add tzdata to packages: in image.yaml and lock the image again, or correct timezone:",
      details: { timezone },
    });
  }
  await members.link("/etc/localtime", target);
  await members.file("/etc/timezone", Buffer.from(`${timezone}\n`));
}
