/** Where the embedded engine keeps what lasts, unless told otherwise. */
export const DEFAULT_ENGINE_ROOT = "/var/lib/rbuild/engine";
/** Where it keeps what ends with the boot. */
export const DEFAULT_RUN_ROOT = "/run/rbuild";
/** Where the product keeps what lasts: kept builds, locks, built archives. */
export const DEFAULT_STATE_DIRECTORY = "/var/lib/rbuild";
