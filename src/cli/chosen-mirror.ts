import type { Settings } from "./settings/settings.ts";

/** The mirror that was asked for: by option, else by the setting unless RBUILD_MIRROR, which the domain reads itself, is set. */
export function chosenMirror(option: string | undefined, settings: Settings): { readonly mirror?: string } {
  const mirror = option ?? (process.env["RBUILD_MIRROR"] ? undefined : settings.mirror);
  return mirror === undefined ? {} : { mirror };
}
