import { CONTAINER } from "./paths.ts";

/** Makes the scratch directory, puts the hook beside it, and becomes the command that follows. */
const PROLOGUE = `umask 022
mkdir -p ${CONTAINER.scratch}
printf %s "$1" >${CONTAINER.hook}
shift
exec "$@"`;

/** @param hook text of the hook makefile, for `make -f MAKEFILE -f ${CONTAINER.hook}` */
export function withHook(hook: string, args: readonly string[]): string[] {
  return ["/bin/sh", "-ec", PROLOGUE, "rbuild", hook, ...args];
}
