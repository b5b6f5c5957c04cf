import { newCommand } from "../../new-command.ts";
import { ARCHIVE_OPTION, OFFLINE_OPTION, POOL_OPTION } from "../../pool-sources.ts";
import { buildOptions, imageDependencies, MIRROR_OPTION, NAMES_ARGUMENT, openImageHost } from "./image-session.ts";

export function imagePinCommand() {
  return newCommand("pin", "build images and write their digests beside their definitions, to be committed")
    .argument(...NAMES_ARGUMENT)
    .option("--force", "build again although the image is there")
    .option(...POOL_OPTION)
    .option(...MIRROR_OPTION)
    .option(...ARCHIVE_OPTION)
    .option(...OFFLINE_OPTION)
    .action(async (names, options, command) => {
      const { runSession } = await import("../../session.ts");
      await runSession(
        command,
        async (session) => {
          const { pinImage } = await import("../../../rbuild/images/pin-image.ts");
          await using host = await openImageHost(session);
          const pins = [];
          for (const name of names) pins.push(await pinImage({ name, ...buildOptions(options, session) }, imageDependencies(host, session)));
          return { data: pins, lines: pins.map(({ name, version, digest }) => `${name} ${version} ${digest}`) };
        },
        { showsProgress: true },
      );
    });
}
