import { RbuildError } from "../../system/index.ts";

/** Takes what was typed; gives what to pass on, and whether the whole sequence has come. */
export type DetachScanner = (chunk: Uint8Array) => { readonly data: Uint8Array; readonly detached: boolean };

const DEFAULT_KEYS = "ctrl-p,ctrl-q";

/** No keys, or none in the text, means Docker's own. @throws RbuildError `server.detach-keys-invalid` */
export function createDetachScanner(keys: string | undefined): DetachScanner {
  const sequence = parseDetachKeys(keys || DEFAULT_KEYS);
  let matched = 0;
  return (chunk) => {
    const out: number[] = [];
    for (const byte of chunk) {
      if (byte === sequence[matched]) {
        matched += 1;
        if (matched === sequence.length) return { data: Uint8Array.from(out), detached: true };
        continue;
      }
      out.push(...sequence.slice(0, matched));
      matched = byte === sequence[0] ? 1 : 0;
      if (matched === 0) out.push(byte);
    }
    return { data: Uint8Array.from(out), detached: false };
  };
}

/** `ctrl-p,ctrl-q` or `a,b`: single characters, and `ctrl-` with a letter or one of `@ [ \ ] ^ _`. */
export function parseDetachKeys(text: string): number[] {
  return text.split(",").map((key) => {
    if (/^[\x20-\x7e]$/.test(key)) return key.charCodeAt(0);
    const control = /^ctrl-([a-z@[\\\]^_])$/i.exec(key);
    if (!control?.[1])
      throw new RbuildError("server.detach-keys-invalid", `${JSON.stringify(key)} is not a detach key such as ctrl-p or q`, { category: "invalid" });
    return control[1].toUpperCase().charCodeAt(0) - 64;
  });
}
