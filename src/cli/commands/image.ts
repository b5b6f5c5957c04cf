import { chosenMirror } from "../chosen-mirror.ts";
import { EXIT } from "../exit-code.ts";
import { imageDirectories } from "../image-directories.ts";
import { examples, newCommand } from "../new-command.ts";
import type { Session } from "../session.ts";
import { parseHttpUrl } from "../values.ts";
import type { WiredHost } from "../wire/wire.ts";

const MIRROR = ["--mirror <url>", "Debian mirror; default: RBUILD_MIRROR, or that of the host's APT", parseHttpUrl] as const;

export function imageCommand() {
  const build = newCommand("build", "build images from their definitions, to the same digest everywhere")
    .argument("<name...>", "names of images, as in images/<name>")
    .option("--force", "build again although the image is there")
    .option(...MIRROR)
    .action(async (names, options, command) => {
      const { runSession } = await import("../session.ts");
      await runSession(
        command,
        async (session) => {
          const { buildImage } = await import("../../rbuild/images/build-image.ts");
          await using host = await open(session);
          const built = [];
          for (const name of names) built.push(await buildImage({ name, ...buildOptions(options, session) }, dependencies(host, session)));
          return { data: built, lines: built.map((image) => `${image.reference} ${image.digest}`) };
        },
        { showsProgress: true },
      );
    });

  const pin = newCommand("pin", "build images and write their digests beside their definitions, to be committed")
    .argument("<name...>", "names of images, as in images/<name>")
    .option("--force", "build again although the image is there")
    .option(...MIRROR)
    .action(async (names, options, command) => {
      const { runSession } = await import("../session.ts");
      await runSession(
        command,
        async (session) => {
          const { pinImage } = await import("../../rbuild/images/pin-image.ts");
          await using host = await open(session);
          const pins = [];
          for (const name of names) pins.push(await pinImage({ name, ...buildOptions(options, session) }, dependencies(host, session)));
          return { data: pins, lines: pins.map(({ name, version, digest }) => `${name} ${version} ${digest}`) };
        },
        { showsProgress: true },
      );
    });

  const list = newCommand("list", "list the images that are defined, with their pins and what the engine has").action(async (_options, command) => {
    const { runSession } = await import("../session.ts");
    await runSession(command, async (session) => {
      const [{ listImages }, { listingLines }] = await Promise.all([import("../../rbuild/images/list-images.ts"), import("../image-text.ts")]);
      await using host = await open(session);
      const listings = await listImages(dependencies(host, session));
      return { data: listings, lines: listingLines(listings) };
    });
  });

  const verify = newCommand("verify", "compare images in the engine with their pins")
    .argument("<name...>", "names of images, as in images/<name>")
    .addHelpText("after", "\nExit code 4 when one differs from its pin, 1 when one is absent or has no pin.")
    .action(async (names, _options, command) => {
      const { runSession } = await import("../session.ts");
      await runSession(command, async (session) => {
        const [{ checkPin }, { verdictLine }] = await Promise.all([import("../../rbuild/images/check-pin.ts"), import("../image-text.ts")]);
        await using host = await open(session);
        const verdicts = [];
        for (const name of names) verdicts.push({ name, ...(await checkPin({ name }, dependencies(host, session))) });
        const exitCode = verdicts.some(({ kind }) => kind === "different")
          ? EXIT.baseRefused
          : verdicts.every(({ kind }) => kind === "exact")
            ? EXIT.done
            : EXIT.differs;
        return { data: verdicts, lines: verdicts.map(verdictLine), exitCode };
      });
    });

  return newCommand("image", "the images that builds run in: base, builder, package proxy")
    .addCommand(build)
    .addCommand(pin)
    .addCommand(list)
    .addCommand(verify)
    .addHelpText(
      "after",
      examples([
        ["sudo rbuild image build base builder", "make the images, or find that they are there"],
        ["sudo rbuild image pin builder", "after its definition changed; then commit the pin"],
        ["sudo rbuild image verify builder", "is it the pinned one?"],
      ]),
    );
}

async function open(session: Session): Promise<WiredHost> {
  const { wire } = await import("../wire/wire.ts");
  return wire(session);
}

function buildOptions({ force, mirror }: { readonly force?: true; readonly mirror?: string }, { settings, signal }: Session) {
  return { ...(force ? { force } : {}), ...chosenMirror(mirror, settings), signal };
}

function dependencies(host: WiredHost, { reporter }: Session) {
  return { containerHost: host.docker, imageDirectories: imageDirectories(), report: reporter.report, stateDirectory: host.stateDirectory };
}
