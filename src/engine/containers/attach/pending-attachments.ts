import { allAccepted } from "../../../system/kernel/unix-seqpacket.ts";
import { BUNDLE } from "../../runtime/monitor/conmon.ts";
import type { ContainerId } from "../container.ts";
import type { Attachment } from "./attachment.ts";

/** Attachments to containers that do not run yet; they are connected between the making of the process and its first instruction. */
export class PendingAttachments {
  readonly #waiting = new Map<ContainerId, Set<Attachment>>();

  add(id: ContainerId, attachment: Attachment): void {
    this.#waiting.set(id, (this.#waiting.get(id) ?? new Set()).add(attachment));
  }

  /** The client has left before there was a process. */
  remove(id: ContainerId, attachment: Attachment): void {
    const waiting = this.#waiting.get(id);
    if (waiting?.delete(attachment) && waiting.size === 0) this.#waiting.delete(id);
  }

  async connect(id: ContainerId, bundle: string): Promise<void> {
    const clients = [...this.#take(id)];
    await Promise.all(clients.map((client) => client.connect(bundle)));
    // a monitor accepts one between two reads of output, and none when it comes to look after the process's end: they would miss it
    if (clients.length > 0) await allAccepted(BUNDLE.attachSocket);
  }

  /** The container will not start: there is nothing to come. */
  end(id: ContainerId): void {
    for (const attachment of this.#take(id)) attachment.end();
  }

  #take(id: ContainerId): Iterable<Attachment> {
    const waiting = this.#waiting.get(id) ?? new Set<Attachment>();
    this.#waiting.delete(id);
    return waiting;
  }
}
