import { afterAll, beforeAll, describe, test } from "vitest";
import { type KeysTree, keyWorks, openKeysTree } from "../../support/faults/key-works.ts";
import { sweepCalls, sweepStates } from "../../support/faults/sweeps.ts";
import { openLockedTree, treeWorks } from "../../support/faults/tree-works.ts";
import { FAULTS } from "../../support/faults/work.ts";

const NAMES = ["image lock", "image vendor", "keys import", "keys rotate", "keys revoke"] as const;
const TIMEOUT = 3600_000;

describe.each(NAMES)("rbuild %s", (name) => {
  let stack: AsyncDisposableStack;
  let keys: KeysTree;
  let tree: string;
  beforeAll(async () => {
    stack = new AsyncDisposableStack();
    keys = stack.use(await openKeysTree());
    tree = stack.use(await openLockedTree()).directory;
  });
  afterAll(() => stack.disposeAsync());
  const work = () => ({ ...keyWorks(keys), ...treeWorks(tree) })[name];

  test.each(FAULTS)("%s each of its calls: old or new, a code, and the next time completes it", { timeout: TIMEOUT }, (_what, faultAt) =>
    sweepCalls(work(), faultAt, 1),
  );
  test("what SIGKILL before any of its calls leaves is old or new, and the next time completes it", { timeout: TIMEOUT }, () => sweepStates(work()));
});
