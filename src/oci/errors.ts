/** What the parsers of this folder throw: `field` names the place, `reason` says what is wrong with it. */
export class OciFormatError extends Error {
  override readonly name = "OciFormatError";
  readonly code = "oci.invalid";
  readonly category = "invalid";
  readonly field: string;

  constructor(field: string, reason: string) {
    super(`invalid ${field}: ${reason}`);
    this.field = field;
  }
}
