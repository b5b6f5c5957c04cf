import { cp } from "node:fs/promises";
import { join } from "node:path";
import type Docker from "dockerode";
import type { ImagePin } from "../../../src/rbuild/images/image-operations.ts";
import { readPin } from "../../../src/rbuild/images/pin/pin-file.ts";
import type { TrustedRoot } from "../../../src/rbuild/trust/client/root-chain.ts";
import { openTestHost } from "../iso/container-host.ts";
import { type FetchLab, openFetchLab } from "./fetch-lab.ts";
import { openPublishLab, type PublishLab } from "./publish-lab.ts";

/** A repository as it was with `small` 1, and as it is with `small` 2; and an engine for clients. */
export interface TwoReleases extends AsyncDisposable {
  readonly lab: PublishLab;
  readonly first: string;
  readonly second: string;
  readonly roots: readonly TrustedRoot[];
  readonly pins: readonly [ImagePin, ImagePin];
  /** Of the clients. */
  readonly docker: Docker;
  /** The engine is emptied. */
  client(state?: string): Promise<FetchLab>;
}

export async function twoReleases(): Promise<TwoReleases> {
  await using stack = new AsyncDisposableStack();
  const lab = stack.use(await openPublishLab());
  const { docker } = stack.use(await openTestHost());
  const first = join(lab.directory, "first");
  const release = async (version: string) => {
    await lab.release(version);
    await lab.publish();
    return (await readPin(join(lab.images.directory, "images/small"))) as ImagePin;
  };
  const pin = await release("1");
  await cp(lab.repository, first, { recursive: true });
  const pins = [pin, await release("2")] as const;
  const roots = await lab.roots();
  const kept = stack.move();
  return {
    lab,
    first,
    second: lab.repository,
    roots,
    pins,
    docker,
    client: (state) => openFetchLab(docker, roots, state),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
