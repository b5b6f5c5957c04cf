import type { ImageDependencies } from "../../../rbuild/index.ts";
import { imageDirectories } from "../../image-directories.ts";
import { examples, newCommand } from "../../new-command.ts";
import { chosenSources, OFFLINE_OPTION, type PoolChoices, withSourceOptions } from "../../pool-sources.ts";
import type { Session } from "../../session.ts";
import type { WiredHost } from "../../wire/wire.ts";

/** What the verbs of `rbuild image` share. */

export const NAMES_ARGUMENT = ["<name...>", "names of images, as in images/<name>"] as const;

/** A verb that builds images. */
export function buildingCommand(name: string, description: string) {
  return withSourceOptions(
    newCommand(name, description)
      .argument(...NAMES_ARGUMENT)
      .option("--force", "build again although the image is there"),
  )
    .option(...OFFLINE_OPTION)
    .addHelpText(
      "after",
      examples([
        [`sudo rbuild image ${name} base builder`, "those that are there as locked and defined are not built again"],
        [`sudo rbuild image ${name} builder --offline`, "from this machine's pool alone"],
      ]),
    );
}

export async function openImageHost(session: Session): Promise<WiredHost> {
  const { wire } = await import("../../wire/wire.ts");
  return wire(session);
}

export function buildOptions(choices: PoolChoices & { readonly force?: true }, { settings, signal }: Session) {
  const { force, offline } = choices;
  return { ...(force ? { force } : {}), ...(offline ? { offline } : {}), sources: chosenSources(choices, settings), signal };
}

export function imageDependencies(host: WiredHost, { reporter }: Session): ImageDependencies {
  return { containerHost: host.docker, imageDirectories: imageDirectories(), report: reporter.report, stateDirectory: host.stateDirectory };
}
