import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { isSystemError } from "../../../system/errors.ts";
import type { AttachedStreams, ContainerId } from "../container.ts";
import { type ContainerContext, publishContainer } from "../container-context.ts";
import type { ContainerPhase } from "../state/container-record.ts";
import { Attachment, type AttachmentOptions } from "./attachment.ts";

/** How often it is looked whether another process has started the container. Milliseconds. */
const LOOK_INTERVAL = 100;

/** Streams from now on, or from the start of a container that does not run. Their end is the process's. */
export async function attachContainer(
  context: ContainerContext,
  id: ContainerId,
  options: AttachmentOptions & { readonly signal?: AbortSignal },
): Promise<AttachedStreams> {
  options.signal?.throwIfAborted();
  const { record, status } = await context.store.get(id);
  const stdin = options.stdin && (record.spec.openStdin ?? false);
  const sparesInput = !stdin && (record.spec.stdinOnce ?? false);
  const attachment = new Attachment({ ...options, stdin, sparesInput }, options.signal);
  // first, so that no start can come in between
  context.pending.add(id, attachment);
  await connectIfRunning(context, id, attachment, status.phase);
  publishContainer(context, "attach", record, status);
  if (!attachment.isConnected) void followStart(context, id, attachment, status.phase);
  return attachment;
}

/** @param before the phase when the client came */
async function connectIfRunning(context: ContainerContext, id: ContainerId, attachment: Attachment, before: ContainerPhase): Promise<void> {
  const stored = await context.store.read(id);
  if (attachment.isConnected) return;
  // gone, or another process has started it and it is over already
  if (stored === undefined || (stored.status.phase.kind !== "running" && !isDeepStrictEqual(stored.status.phase, before))) attachment.end();
  if (stored?.status.phase.kind !== "running") return;
  try {
    await attachment.connect(context.store.paths(id).bundle);
  } catch (error) {
    const hasEnded = isSystemError(error, "ENOENT", "ECONNREFUSED");
    attachment.end(hasEnded ? undefined : error);
    if (!hasEnded) throw error;
  }
}

async function followStart(context: ContainerContext, id: ContainerId, attachment: Attachment, before: ContainerPhase): Promise<void> {
  while (!attachment.isConnected && !attachment.isEnded) {
    await sleep(LOOK_INTERVAL, undefined, { ref: false });
    if (!attachment.isEnded) await connectIfRunning(context, id, attachment, before).catch((error: unknown) => attachment.end(error));
  }
  context.pending.remove(id, attachment);
}
