/**
 * Replaces what must not reach a log: passwords in URLs, and names in those of HTTP, which may be tokens; bearer and basic credentials, values of
 * variables that are named like secrets.
 */
export function redact(text: string): string {
  return text
    .replace(/(https?:\/\/)[^\s/]+@/gi, "$1***@")
    .replace(/([a-z][a-z0-9+.-]*:\/\/)[^\s/@:]*:[^\s/@]*@/gi, "$1***@")
    .replace(/\b(authorization|proxy-authorization|x-registry-auth)(\s*[:=]\s*)(?:(?:basic|bearer)\s+)?\S+/gi, "$1$2***")
    .replace(/\b([A-Z0-9_]*(?:PASSWORD|PASSPHRASE|SECRET|TOKEN|API_?KEY|PRIVATE_KEY)[A-Z0-9_]*)=\S+/gi, "$1=***");
}

/** Takes terminal control sequences and other control characters, newline and tab excepted, out of text that comes from outside. */
export function stripControl(text: string): string {
  return text
    .replace(/\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\-_])/g, "")
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "");
}
