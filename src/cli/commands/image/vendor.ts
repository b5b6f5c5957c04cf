import { byteText } from "../../../rbuild/pool/byte-text.ts";
import { enginePlaces } from "../../engine-places.ts";
import { imageDirectories } from "../../image-directories.ts";
import { examples, newCommand } from "../../new-command.ts";
import { chosenSources, OFFLINE_OPTION, withSourceOptions } from "../../pool-sources.ts";
import { parsePath } from "../../values.ts";

export function imageVendorCommand() {
  return withSourceOptions(
    newCommand("vendor", "fetch every package that locked images need, so that they can be built without network")
      .argument("[name...]", "names of images; default: all that have a lock")
      .option("--to <dir>", "make a pool of its own there, to be carried along or published; default: the pool of this machine", parsePath),
  )
    .option(...OFFLINE_OPTION)
    .addHelpText(
      "after",
      examples([
        ["sudo rbuild image vendor", "afterwards everything can be built without network"],
        ["sudo rbuild image vendor builder --to /media/stick/pool", "for another machine: there with --pool /media/stick/pool"],
        ["rbuild image vendor --to pool", "into the tree itself, where it is found"],
      ]),
    )
    .action(async (names, options, command) => {
      const { runSession } = await import("../../session.ts");
      await runSession(
        command,
        async ({ globals, settings, reporter, signal }) => {
          const [{ vendorImages }, { counted }] = await Promise.all([import("../../../rbuild/pool/vendor-images.ts"), import("../../../system/counted.ts")]);
          const { to, offline = false } = options;
          const outcome = await vendorImages(
            { names, offline, sources: chosenSources(options, settings), signal, ...(to === undefined ? {} : { to }) },
            { imageDirectories: imageDirectories(), report: reporter.report, stateDirectory: enginePlaces(globals, settings).state },
          );
          const { directory, images, present, fetched, bytes, discarded, size } = outcome;
          const dropped = discarded > 0 ? `; ${byteText(discarded)} besides were of no use` : "";
          const line = `${directory} has everything for ${images.join(", ") || "no image"}: ${counted(present + fetched, "package")} (${byteText(size)}), ${fetched} fetched (${byteText(bytes)})${dropped}`;
          return { data: outcome, lines: [line] };
        },
        { showsProgress: true },
      );
    });
}
