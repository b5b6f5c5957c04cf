import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type PrivateKey, readPrivateKey } from "openpgp";
import { isSystemError, lock, pathExists, RbuildError, writeFileAtomic } from "../../../../../system/index.ts";
import { writeCanonical } from "../../../../trust/format/canonical.ts";
import { repositoryPaths } from "../../../../trust/format/paths.ts";
import { joinSignatures } from "../../../../trust/openpgp/signature.ts";
import { DAY, LAB_KEYS, type LabKey, makeLabKeys } from "./lab-keys.ts";
import { keyOf, rootValue } from "./lab-root.ts";
import { signAs } from "./sign-as.ts";
import { labCheckout } from "./signed-attacks.ts";

/** Throw-away keys, and the checkout that believes them: what attacks with signatures are made with. */
export interface AttackLab {
  readonly keys: ReadonlyMap<LabKey, PrivateKey>;
  /** Root 1, which the client has. */
  readonly root: Uint8Array;
  /** When it was made. */
  readonly made: Date;
  /** Above that of each state that was made with this lab before. */
  readonly version: number;
}

/**
 * `<directory>/keys/root/1.json` is the checkout, `secret/` the keys to it, `version` the number of the last state: so a client can be shown
 * one attack after the other. A directory that is absent or empty becomes one.
 * @throws RbuildError `serve.no-attack-lab`
 */
export async function openAttackLab(directory: string, now: Date): Promise<AttackLab> {
  if (!(await pathExists(join(directory, "lock"))) && !(await isEmpty(directory))) throw noLab(directory);
  await mkdir(join(directory, "secret"), { recursive: true, mode: 0o700 });
  await using _lock = await lock(join(directory, "lock"));
  const rootPath = join(labCheckout(directory), repositoryPaths.root(1));
  if (!(await pathExists(rootPath))) await makeLab(directory, rootPath, now);
  const keys = new Map<LabKey, PrivateKey>();
  for (const name of LAB_KEYS) keys.set(name, await readPrivateKey({ armoredKey: await readFile(secretPath(directory, name), "utf8") }));
  const counter = join(directory, "version");
  const version = 1 + Number((await pathExists(counter)) ? await readFile(counter, "utf8") : 0);
  await writeFileAtomic(counter, `${version}\n`);
  const made = new Date(keyOf(keys, "future").getCreationTime().getTime() - 3650 * DAY);
  return { keys, root: new Uint8Array(await readFile(rootPath)), made, version };
}

async function makeLab(directory: string, rootPath: string, now: Date): Promise<void> {
  const keys = await makeLabKeys(now);
  for (const [name, key] of keys) await writeFileAtomic(secretPath(directory, name), key.armor(), { mode: 0o600 });
  const root = writeCanonical(rootValue(1, { keys, issued: new Date(now.getTime() - 30 * DAY) }));
  const packet = await signAs(keyOf(keys, "root"), root, { date: new Date(now.getTime() - 30 * DAY) });
  await mkdir(join(labCheckout(directory), "root"), { recursive: true });
  await writeFileAtomic(repositoryPaths.signature(rootPath), joinSignatures([packet]));
  await writeFileAtomic(rootPath, root);
}

const secretPath = (directory: string, name: LabKey): string => join(directory, "secret", `${name}.asc`);

async function isEmpty(directory: string): Promise<boolean> {
  try {
    return (await readdir(directory)).length === 0;
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return true;
    throw error;
  }
}

function noLab(directory: string): RbuildError {
  return new RbuildError("serve.no-attack-lab", `${directory} has something else than keys to attack with`, {
    category: "invalid",
    hint: "name a directory that is not there yet with --attack-lab",
  });
}
