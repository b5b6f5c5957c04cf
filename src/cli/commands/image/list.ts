import { EXIT } from "../../exit-code.ts";
import { newCommand } from "../../new-command.ts";
import { imageDependencies, openImageHost } from "./image-session.ts";

export function imageListCommand() {
  return newCommand("list", "list the images that are defined, with their pins and what the engine has").action(async (_options, command) => {
    const { runSession } = await import("../../session.ts");
    await runSession(command, async (session) => {
      const [{ listImages }, { brokenNotes, listingLines }] = await Promise.all([
        import("../../../rbuild/images/list-images.ts"),
        import("../../image-text.ts"),
      ]);
      await using host = await openImageHost(session);
      const listings = await listImages(imageDependencies(host, session));
      const notes = brokenNotes(listings);
      return { data: listings, lines: listingLines(listings), notes, exitCode: notes.length > 0 ? EXIT.usage : EXIT.done };
    });
  });
}
