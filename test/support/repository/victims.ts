import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import type { Attack } from "../../../src/rbuild/repository/serve/attack/attacks.ts";
import { isSignedAttack, labCheckout } from "../../../src/rbuild/repository/serve/attack/signed/signed-attacks.ts";
import { serveRepository } from "../../../src/rbuild/repository/serve/serve-repository.ts";
import { accepted, readCheckout } from "../../../src/rbuild/trust/index.ts";
import { openTestHost } from "../iso/container-host.ts";
import { NOW } from "../trust/test-keys.ts";
import { type FetchLab, openFetchLab } from "./fetch-lab.ts";
import { type ImagesOnDisk, imagesOnDisk } from "./images-on-disk.ts";
import { serveDirectory, serveOptions } from "./serve-directory.ts";

export const OLD = { name: "tools", version: "1.0" } as const;
export const NEW = { name: "tools", version: "2.0" } as const;

/** A repository, mirrors that attack, and clients to be attacked. */
export interface Victims {
  readonly images: ImagesOnDisk;
  /** Of the mirror that clients have their first image from. */
  readonly first: string;
  /** Where attacks have their keys, if they have any. */
  readonly attackLab: string | undefined;
  directory(): Promise<string>;
  /** Until the test ends. */
  mirror(attack?: Attack): Promise<string>;
  /** Has seen nothing. */
  newcomer(): Promise<FetchLab>;
  /** Has the image `OLD` of the first mirror. */
  victim(): Promise<FetchLab>;
}

/**
 * @param attack that makes the first mirror what it is: an honest one that is behind, or one whose keys are a lab's
 * @param stack until whose end they are there
 */
export async function openVictims(attack: Attack, stack: AsyncDisposableStack): Promise<Victims> {
  const directory = async () => {
    const path = await mkdtemp("/var/tmp/rbuild-victims-");
    stack.defer(() => rm(path, { recursive: true, force: true }));
    return path;
  };
  const host = stack.use(await openTestHost());
  const images = await imagesOnDisk(NOW, directory);
  const attackLab = isSignedAttack(attack) ? join(await directory(), "lab") : undefined;
  const lab = attackLab === undefined ? {} : { attackLab };
  const { url: first } = stack.use(await serveRepository({ ...serveOptions(images.directory), attack, ...lab }));
  const { roots } = accepted(await readCheckout(attackLab === undefined ? images.keys : labCheckout(attackLab), NOW));
  const newcomer = async () => openFetchLab(host.docker, roots, await directory());
  return {
    images,
    first,
    attackLab,
    directory,
    newcomer,
    mirror: async (each) => (await serveDirectory(images.directory, { ...(each === undefined ? {} : { attack: each }), ...lab })).url,
    async victim() {
      const client = await newcomer();
      expect(await client.fetch([first], OLD)).toMatchObject({ how: "full" });
      return client;
    },
  };
}
