/**
 * Redirects stay at their host, and go from http to https but never back: another host is somebody whom nobody has named. Where files are
 * kept elsewhere, that place is named instead.
 */
export function mayFollow(from: URL, to: URL): boolean {
  if (to.username !== "" || to.password !== "") return false;
  if (from.origin === to.origin) return true;
  return from.protocol === "http:" && to.protocol === "https:" && from.hostname === to.hostname;
}
