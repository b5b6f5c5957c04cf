import { examples, newCommand } from "../../new-command.ts";
import { imageAttestCommand } from "./attest.ts";
import { imageBuildCommand } from "./build.ts";
import { imageBundleCommand } from "./bundle.ts";
import { imageDiffCommand } from "./diff.ts";
import { imageFetchCommand } from "./fetch.ts";
import { imageListCommand } from "./list.ts";
import { imageLockCommand } from "./lock.ts";
import { imagePinCommand } from "./pin.ts";
import { imagePruneCommand } from "./prune.ts";
import { imagePublishCommand } from "./publish.ts";
import { imageSignCommand } from "./sign.ts";
import { imageVendorCommand } from "./vendor.ts";
import { imageVerifyCommand } from "./verify.ts";

/** One file of this directory per verb. */
export function imageCommand() {
  return newCommand("image", "the images that builds run in: base, builder, package proxy")
    .addCommand(imageLockCommand())
    .addCommand(imageBuildCommand())
    .addCommand(imagePinCommand())
    .addCommand(imageFetchCommand())
    .addCommand(imageListCommand())
    .addCommand(imageVerifyCommand())
    .addCommand(imageDiffCommand())
    .addCommand(imageVendorCommand())
    .addCommand(imagePublishCommand())
    .addCommand(imageAttestCommand())
    .addCommand(imageSignCommand())
    .addCommand(imageBundleCommand())
    .addCommand(imagePruneCommand())
    .addHelpText(
      "after",
      examples([
        ["sudo rbuild image build base builder", "make the images, or find that they are there"],
        ["sudo rbuild image pin builder", "after its definition changed; then commit the pin"],
        ["sudo rbuild image verify builder", "is it the pinned one?"],
      ]),
    );
}
