import { RbuildError } from "../../system/index.ts";

const FALSE = new Set(["", "0", "no", "false", "none"]);

/** The query string, read as Docker reads it. */
export class Query {
  readonly #params: URLSearchParams;

  constructor(params: URLSearchParams) {
    this.#params = params;
  }

  /** Undefined when absent or empty. */
  text(name: string): string | undefined {
    return this.#params.get(name) || undefined;
  }

  /** Every value given under a name, empty ones left out. */
  texts(name: string): string[] {
    return this.#params.getAll(name).filter((value) => value !== "");
  }

  /** Anything but nothing, `0`, `no`, `false` and `none` is true. */
  flag(name: string, absent = false): boolean {
    const value = this.#params.get(name);
    return value === null ? absent : !FALSE.has(value.trim().toLowerCase());
  }

  /** @throws RbuildError `server.parameter-invalid` */
  integer(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    if (!/^[+-]?\d{1,15}$/.test(text)) throw invalidParameter(name, text, "a whole number");
    return Number(text);
  }

  /** Seconds since 1970 with an optional fraction; 0 means not given. @throws RbuildError `server.parameter-invalid` */
  timestamp(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const seconds = /^-?\d{1,12}(\.\d{0,9})?$/.test(text) ? Number(text) : Date.parse(text) / 1000;
    if (!Number.isFinite(seconds)) throw invalidParameter(name, text, "a time in seconds since 1970 or in RFC 3339");
    return seconds === 0 ? undefined : seconds;
  }

  /** @throws RbuildError `server.parameter-missing` */
  required(name: string): string {
    const text = this.text(name);
    if (text === undefined) throw parameterMissing(name);
    return text;
  }
}

export const parameterMissing = (name: string) =>
  new RbuildError("server.parameter-missing", `bad parameter: ${name} cannot be empty`, { category: "invalid" });

export function invalidParameter(name: string, value: string, wanted: string): RbuildError {
  return new RbuildError("server.parameter-invalid", `the parameter ${name}=${JSON.stringify(value.slice(0, 200))} is not ${wanted}`, { category: "invalid" });
}
