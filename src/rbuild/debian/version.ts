const VERSION = /^(?:\d{1,9}:)?[0-9][A-Za-z0-9.+~:-]{0,255}$/;

/** True for a version as Policy 5.6.12 writes them. */
export function isVersion(text: string): boolean {
  return VERSION.test(text);
}

/**
 * Debian's order of versions, Policy 5.6.12: negative when `left` is the older, 0 when they are equal (`1.0` and `0:1.0-0` are).
 * Every text is compared; whether it is a version is not checked.
 */
export function compareVersions(left: string, right: string): number {
  const [a, b] = [splitVersion(left), splitVersion(right)];
  return a.epoch - b.epoch || compareParts(a.upstream, b.upstream) || compareParts(a.revision, b.revision);
}

function splitVersion(version: string): { readonly epoch: number; readonly upstream: string; readonly revision: string } {
  const colon = version.indexOf(":");
  const rest = version.slice(colon + 1);
  const hyphen = rest.lastIndexOf("-");
  return {
    epoch: colon < 0 ? 0 : Number(version.slice(0, colon)) || 0,
    upstream: hyphen < 0 ? rest : rest.slice(0, hyphen),
    revision: hyphen < 0 ? "" : rest.slice(hyphen + 1),
  };
}

/** Stretches of other characters and of digits in turn. */
function compareParts(left: string, right: string): number {
  for (let i = 0, j = 0; i < left.length || j < right.length; ) {
    while ((i < left.length && !isDigit(left, i)) || (j < right.length && !isDigit(right, j))) {
      const order = weight(left, i) - weight(right, j);
      if (order !== 0) return order;
      i++;
      j++;
    }
    const [a, b] = [digitsAt(left, i), digitsAt(right, j)];
    const [significant, other] = [a.replace(/^0+/, ""), b.replace(/^0+/, "")];
    if (significant.length !== other.length) return significant.length - other.length;
    if (significant !== other) return significant < other ? -1 : 1;
    i += a.length;
    j += b.length;
  }
  return 0;
}

/** `~` before the end (and before a digit), the end before letters, letters before everything else. */
function weight(text: string, index: number): number {
  const code = text.charCodeAt(index);
  if (Number.isNaN(code) || isDigit(text, index)) return 0;
  if (code === 0x7e) return -1;
  return /[A-Za-z]/.test(text[index] ?? "") ? code : code + 256;
}

function isDigit(text: string, index: number): boolean {
  const code = text.charCodeAt(index);
  return code >= 0x30 && code <= 0x39;
}

const digitsAt = (text: string, index: number): string => /^[0-9]*/.exec(text.slice(index))?.[0] ?? "";
