import { buildingCommand, buildOptions, imageDependencies, openImageHost } from "./image-session.ts";

export function imageBuildCommand() {
  return buildingCommand("build", "build images from their definitions, to the same digest everywhere").action(async (names, options, command) => {
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
