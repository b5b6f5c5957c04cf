import { byteString, tarHeader } from "../../../system/tar/index.ts";
import { type BuildWorkspace, workImage } from "../build-workspace.ts";
import { importRootfs } from "./import-rootfs.ts";

/** Makes an image of the engine's that has nothing, for a first level to begin with. @returns its reference, which ends with the workspace */
export async function importNothing(workspace: BuildWorkspace): Promise<string> {
  const reference = workImage(workspace, "nothing");
  await importRootfs(workspace.host, [tarHeader({ path: byteString("./"), kind: "directory", mode: 0o755 })], reference);
  return reference;
}
