import { isRbuildError } from "../../../system/index.ts";
import type { Freshness } from "../../trust/format/freshness.ts";
import { numbersOf } from "./old-copy.ts";
import { type PublisherNumbers, publisherMemoryPath, readPublisherMemory, remember } from "./publisher-memory.ts";
import type { Work } from "./work.ts";

type Context = Pick<Work, "dependencies" | "root">;

/** That this machine has published it, also where it did so and was killed before it could remember. */
export async function rememberShown(context: Context, freshness: Freshness): Promise<void> {
  const shown = numbersOf({ freshness });
  const isKnown = (before: PublisherNumbers) => before.index?.sha256 === shown.index.sha256 && before.freshness?.sha256 === shown.freshness.sha256;
  await rememberUnless(isKnown, shown, context);
}

/** That others may be asked to sign these numbers: nothing else may have them, also when it is taken away. */
export async function rememberPrepared(context: Context, prepared: NonNullable<PublisherNumbers["prepared"]>): Promise<void> {
  await rememberUnless(() => false, { prepared }, context);
}

async function rememberUnless(isKnown: (before: PublisherNumbers) => boolean, more: PublisherNumbers, { dependencies, root }: Context): Promise<void> {
  const { roots, stateDirectory, report } = dependencies;
  const path = publisherMemoryPath(stateDirectory, roots[0]?.digest ?? root.digest);
  const before = await readPublisherMemory(path);
  if (isKnown(before)) return;
  await remember(path, root.root.repository, before, more).catch((error: unknown) => {
    if (!isRbuildError(error, "repository.not-remembered")) throw error;
    report({ kind: "warning.raised", code: error.code, message: error.message });
  });
}
