import type { PoolSource } from "./pool.ts";
import { sourceName } from "./source-places.ts";

/** Requests in a row without an answer, or items with wrong bytes, after which a source is left alone. */
const TOLERANCE = 3;

/** A source and how it has done in one fill. */
export class TriedSource {
  readonly source: PoolSource;
  readonly name: string;
  #unreachable = 0;
  #wrong = 0;
  #reason = "";

  constructor(source: PoolSource) {
    this.source = source;
    this.name = sourceName(source);
  }

  get isOut(): boolean {
    return this.#unreachable >= TOLERANCE || this.#wrong >= TOLERANCE;
  }

  get whyOut(): string {
    return this.#wrong >= TOLERANCE ? "it gave wrong bytes too often" : this.#reason;
  }

  succeeded(): void {
    this.#unreachable = 0;
  }

  failed(reason: string): void {
    this.#unreachable += 1;
    this.#reason = reason;
  }

  gaveWrongBytes(): void {
    this.#wrong += 1;
  }
}
