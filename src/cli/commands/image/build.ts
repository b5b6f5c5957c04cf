import { newCommand } from "../../new-command.ts";
import { ARCHIVE_OPTION, OFFLINE_OPTION, POOL_OPTION } from "../../pool-sources.ts";
import { buildOptions, imageDependencies, MIRROR_OPTION, NAMES_ARGUMENT, openImageHost } from "./image-session.ts";

export function imageBuildCommand() {
  return newCommand("build", "build images from their definitions, to the same digest everywhere")
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
          const { buildImage } = await import("../../../rbuild/images/build-image.ts");
          await using host = await openImageHost(session);
          const built = [];
          for (const name of names) built.push(await buildImage({ name, ...buildOptions(options, session) }, imageDependencies(host, session)));
          return { data: built, lines: built.map((image) => `${image.reference} ${image.digest}`) };
        },
        { showsProgress: true },
      );
    });
}
