import { cp, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { type Checkout, importCertificate, readCheckout } from "../../../src/rbuild/trust/index.ts";
import { accepted } from "../../../src/rbuild/trust/refusal.ts";
import { RBUILD } from "../rbuild-command.ts";
import { writeRoot } from "../repository/publish-lab.ts";
import { NOW, type TestKey, testKey } from "../trust/test-keys.ts";
import type { Works } from "./work.ts";

/** `keys/` with one root in `directory`, and a key that has no role yet. */
export interface KeysTree extends AsyncDisposable {
  readonly directory: string;
  readonly owner: TestKey;
  readonly cron: TestKey;
  readonly next: TestKey;
}

export async function openKeysTree(): Promise<KeysTree> {
  await using stack = new AsyncDisposableStack();
  const directory = await mkdtemp("/var/tmp/rbuild-test-");
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const [owner, publisher, cron, next] = await Promise.all([testKey("owner"), testKey("publisher"), testKey("cron"), testKey("next")]);
  await writeRoot(join(directory, "keys"), owner, { root: owner, publisher, freshness: cron });
  for (const key of [owner, publisher, cron]) accepted(await importCertificate(join(directory, "keys"), Buffer.from(key.armored), "a key", NOW));
  const kept = stack.move();
  return { directory, owner, cron, next, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** As the commands do it. */
export function keyWorks({ directory: from, owner, cron, next }: KeysTree): Works<"keys import" | "keys rotate" | "keys revoke"> {
  const command = async (directory: string, ...args: string[]) => {
    await cp(from, directory, { recursive: true });
    await writeFile(join(directory, "next.asc"), next.armored);
    await writeFile(join(directory, "owner.key"), owner.privateKey.armor(), { mode: 0o600 });
    return { isCommand: true, command: [RBUILD, "keys", ...args], cwd: directory };
  };
  const change =
    (isRevoked: boolean, ...args: string[]) =>
    async (directory: string) => {
      const subject = await command(directory, ...args, "--role", `freshness=${next.fingerprint}`, "--sign-with", "file:owner.key");
      accepted(await importCertificate(join(directory, "keys"), Buffer.from(next.armored), "a key", NOW));
      return { ...subject, verify: (isDone: boolean) => expectRoot(directory, next, isRevoked, isDone) };
    };
  return {
    "keys import": async (directory) => ({
      ...(await command(directory, "import", "next.asc")),
      async verify(isDone) {
        expect((await checkoutOf(directory)).roots).toHaveLength(1);
        const names = (await readdir(join(directory, "keys"))).filter((name) => !name.startsWith("."));
        const [before, whole] = [await readdir(join(from, "keys")), `${next.fingerprint}.asc`];
        if (isDone || names.includes(whole)) expect(names.toSorted()).toEqual([...before, whole].toSorted());
        else expect(names.toSorted()).toEqual(before.toSorted());
      },
    }),
    "keys rotate": change(false, "rotate"),
    "keys revoke": change(true, "revoke", cron.fingerprint),
  };
}

export const checkoutOf = async (directory: string): Promise<Checkout> => accepted(await readCheckout(join(directory, "keys"), new Date()));

/** Clients and the checkout have the root of before, or the next. What was done after that killed one was done has one more. */
async function expectRoot(directory: string, next: TestKey, isRevoked: boolean, isDone: boolean): Promise<void> {
  const { roots, proposal } = await checkoutOf(directory);
  expect(roots[0]!.root.version).toBe(1);
  if (isDone) expect([roots.length > 1, proposal]).toEqual([true, undefined]);
  for (const { root } of roots.slice(1)) expect([root.roles.freshness.keys, root.revoked.length]).toEqual([[next.fingerprint], isRevoked ? 1 : 0]);
}
