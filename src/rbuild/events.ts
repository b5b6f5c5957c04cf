import type { LogEvent, Report, StepEvent } from "../make-runner/index.ts";

/** Everything a command tells while it works: the live view, the plain reporter and `--json` show the same union. */
export type RbuildEvent =
  | StepEvent
  | LogEvent
  | { readonly kind: "warning.raised"; readonly code: string; readonly message: string; readonly hint?: string }
  | { readonly kind: "image.accepted"; readonly name: string; readonly digest: string; readonly how: "present" | "fetched" | "reproduced" | "override" }
  /** Which way an image comes, and what each would take: bytes. */
  | {
      readonly kind: "image.planned";
      readonly name: string;
      readonly version: string;
      readonly way: "delta" | "full" | "packages";
      readonly predicted: { readonly delta?: number; readonly full?: number; readonly packages?: number };
    }
  | {
      readonly kind: "image.fetched";
      readonly name: string;
      readonly version: string;
      readonly digest: string;
      readonly how: "delta" | "full";
      /** That came from the repository and were used. */
      readonly bytes: number;
      /** That came and were of no use. */
      readonly discarded: number;
      /** Of all layers. */
      readonly size: number;
      /** Who gave most of the bytes. */
      readonly source: string;
      /** All who gave some, most first. */
      readonly sources: readonly { readonly source: string; readonly bytes: number }[];
    }
  | {
      readonly kind: "image.built";
      readonly name: string;
      readonly version: string;
      readonly digest: string;
      readonly imageId: string /** Bytes, uncompressed. */;
      readonly size: number;
    }
  | { readonly kind: "image.pinned"; readonly name: string; readonly digest: string; readonly path: string; readonly changed: boolean }
  | {
      readonly kind: "lock.written";
      readonly name: string;
      readonly path: string;
      readonly digest: string;
      readonly changed: boolean;
      readonly changes: number;
    }
  | { readonly kind: "artifact.exported"; readonly path: string; readonly size: number; readonly digest: string };

export type RbuildReport = Report<RbuildEvent>;
