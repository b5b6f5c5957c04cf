/** Names of the things a person sees happening. The UI has a text for each. */
export type StepName =
  | "preflight"
  | "lock.index"
  | "lock.solve"
  | "lock.record"
  | "lock.serve"
  | "image.fetch"
  | "image.fetch-files"
  | "pool.fetch"
  | "capsule.create"
  | "capsule.verify"
  | "capsule.build"
  | "image.check"
  | "image.unpack"
  | "image.install"
  | "image.hook"
  | "image.build"
  | "image.normalise"
  | "image.load"
  | "image.save"
  | "image.encode"
  | "image.delta"
  | "image.publish"
  | "image.verdicts"
  | "image.attest"
  | "image.bundle"
  | "delta.make"
  | "delta.apply"
  | "proxy.start"
  | "proxy.shrink"
  | "container.create"
  | "make.target"
  | "artifact.export"
  | "clean-up";

/** Unique within one command. */
export type StepId = string;

/** Steps form a tree. Every started step ends in exactly one of finished and failed. */
export type StepEvent =
  | {
      readonly kind: "step.started";
      readonly step: StepId;
      readonly name: StepName;
      readonly parent?: StepId /** The image, make target or file it is about. */;
      readonly subject?: string;
    }
  | { readonly kind: "step.progressed"; readonly step: StepId; readonly done: number; readonly total?: number; readonly unit: "bytes" | "items" | "percent" }
  | { readonly kind: "step.finished"; readonly step: StepId; readonly outcome: "done" | "cached" | "skipped"; readonly milliseconds: number }
  | { readonly kind: "step.failed"; readonly step: StepId; readonly milliseconds: number; readonly code: string; readonly message: string };

/** One line of output, without its newline, control characters taken out. */
export interface LogEvent {
  readonly kind: "log.written";
  readonly step: StepId;
  readonly stream: "stdout" | "stderr";
  readonly text: string;
}

export type Report<Event> = (event: Event) => void;
