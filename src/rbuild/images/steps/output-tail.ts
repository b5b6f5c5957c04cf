const LAST_LINES = 40;
const MAX_ERRORS = 20;
/** What dpkg, APT and the kernel say of an error. What dpkg means stands in the line after. */
const ERROR = /^(?:dpkg: error|E: |Err:)|no space left|quota exceeded/i;

/** The last lines of a step's output, and before them those that tell of an error: dpkg goes on for long after what stopped it. */
export class OutputTail {
  readonly #errors: string[] = [];
  readonly #last: string[] = [];
  #isAfterDpkg = false;

  add(line: string): void {
    this.#last.push(line);
    if (this.#last.length <= LAST_LINES) return;
    const gone = this.#last.shift() ?? "";
    if ((ERROR.test(gone) || this.#isAfterDpkg) && this.#errors.length < MAX_ERRORS) this.#errors.push(gone);
    this.#isAfterDpkg = gone.startsWith("dpkg: error");
  }

  get lines(): readonly string[] {
    return [...this.#errors, ...this.#last];
  }
}
