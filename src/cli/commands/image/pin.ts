import { buildingCommand, buildOptions, imageDependencies, openImageHost } from "./image-session.ts";

export function imagePinCommand() {
  return buildingCommand("pin", "build images and write their digests beside their definitions, to be committed").action(async (names, options, command) => {
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
