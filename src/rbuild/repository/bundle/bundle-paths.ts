import { digestInPath, VERDICT_PATH } from "../../trust/format/paths.ts";

/** Members of a bundle at most: more than an index can name is none. */
export const MAX_MEMBERS = 1_000_000;
/** Bytes of one member: what a plain tar header can say. */
export const MAX_MEMBER_BYTES = 8 ** 11 - 1;

const METADATA = /^(?:current\.json|(?:root|freshness)\/[1-9]\d{0,9}\.json(?:\.asc)?|index\/[1-9]\d{0,9}\.[0-9a-f]{64}\.json(?:\.asc)?)$/;

/** Whether a bundle may have a member of that name: the paths of a repository and no others. */
export function isBundlePath(path: string): boolean {
  return METADATA.test(path) || VERDICT_PATH.test(path) || digestInPath(path) !== undefined;
}
