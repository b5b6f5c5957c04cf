import { newCommand } from "../../new-command.ts";
import { imageDependencies, openImageHost } from "./image-session.ts";

export function imageListCommand() {
  return newCommand("list", "list the images that are defined, with their pins and what the engine has").action(async (_options, command) => {
    const { runSession } = await import("../../session.ts");
    await runSession(command, async (session) => {
      const [{ listImages }, { listingLines }] = await Promise.all([import("../../../rbuild/images/list-images.ts"), import("../../image-text.ts")]);
      await using host = await openImageHost(session);
      const listings = await listImages(imageDependencies(host, session));
      return { data: listings, lines: listingLines(listings) };
    });
  });
}
