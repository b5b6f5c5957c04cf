import type { ImageDependencies } from "../../../rbuild/index.ts";
import { chosenMirror } from "../../chosen-mirror.ts";
import { imageDirectories } from "../../image-directories.ts";
import type { Session } from "../../session.ts";
import { parseHttpUrl } from "../../values.ts";
import type { WiredHost } from "../../wire/wire.ts";

/** What the verbs of `rbuild image` share. */

export const MIRROR_OPTION = ["--mirror <url>", "Debian mirror; default: RBUILD_MIRROR, or that of the host's APT", parseHttpUrl] as const;
export const NAMES_ARGUMENT = ["<name...>", "names of images, as in images/<name>"] as const;

export async function openImageHost(session: Session): Promise<WiredHost> {
  const { wire } = await import("../../wire/wire.ts");
  return wire(session);
}

export function buildOptions({ force, mirror }: { readonly force?: true; readonly mirror?: string }, { settings, signal }: Session) {
  return { ...(force ? { force } : {}), ...chosenMirror(mirror, settings), signal };
}

export function imageDependencies(host: WiredHost, { reporter }: Session): ImageDependencies {
  return { containerHost: host.docker, imageDirectories: imageDirectories(), report: reporter.report, stateDirectory: host.stateDirectory };
}
