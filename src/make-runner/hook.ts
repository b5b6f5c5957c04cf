import { randomBytes } from "node:crypto";

/** Where the hook lies beside the tree's makefile, in the place where make runs. */
export interface MakeHook {
  /** Text of the second makefile. */
  readonly makefile: string;
  /** What a mark begins with; no build prints it by chance. */
  readonly markPrefix: string;
}

/** Ends a mark; the newline that make adds comes after it. */
export const MARK_END = "\u0003";

/**
 * A makefile that is read after the tree's own (`make -f Makefile -f HOOK target`) and makes the outermost make print a
 * mark with the target's name on its stdout before each line of a recipe. SHELL is the one variable that make expands
 * there. Flags such as `--debug` and `--trace` would travel to every make inside and into whatever reads its output; a
 * second `-f` does not, so the build is the same as without it. A makefile whose SHELL is not plain text is left alone.
 *
 * @param path the hook's own path where make runs: it gets an empty rule, so that no catch-all rule of the tree remakes it
 */
export function makeHook(path: string, nonce = randomBytes(12).toString("hex")): MakeHook {
  const markPrefix = `\u0002rbuild-${nonce}:`;
  return {
    markPrefix,
    makefile: [
      `ifeq ($(findstring $$,$(value SHELL)),)`,
      `$(eval SHELL = $$(if $$@,$$(info ${markPrefix}$$@${MARK_END}))$(value SHELL))`,
      `endif`,
      `MAKEFILE_LIST := $(wordlist 2,$(words $(MAKEFILE_LIST)),x $(MAKEFILE_LIST))`,
      `${path}: ;`,
      ``,
    ].join("\n"),
  };
}

/** The file that make reads when none is named, in its order. GNU make manual, "What Name to Give Your Makefile". */
export const MAKEFILE_NAMES = ["GNUmakefile", "makefile", "Makefile"] as const;
