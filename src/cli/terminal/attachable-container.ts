import type { Readable, Writable } from "node:stream";

/** A container that was made and not started, whoever keeps it. Failures are RbuildErrors that say what could not be done. */
export interface AttachableContainer {
  /** Joins its streams, which begin with its start. @returns resolves when it is joined */
  attach(streams: ContainerStreams): Promise<JoinedStreams>;
  start(): Promise<void>;
  /** The exit code of a container that was started, when it has ended or if it has already. */
  wait(): Promise<number>;
  kill(): Promise<void>;
  resize(size: { readonly rows: number; readonly columns: number }): Promise<void>;
}

export interface ContainerStreams {
  /** With a terminal all output is one raw stream, and goes to stdout. */
  readonly hasTty: boolean;
  /** Undefined: the container's stdin is not joined. */
  readonly stdin?: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
}

export interface JoinedStreams {
  /** Resolves when there is no more output. */
  readonly ended: Promise<void>;
  /** Passes no more input on. */
  leaveInput(): void;
}
