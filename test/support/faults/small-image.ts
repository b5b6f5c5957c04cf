import { digestOf } from "../../../src/oci/index.ts";
import { entry, file, tarOf } from "../tar-entries.ts";

/** An archive of a small image, as docker save writes one. */
export async function smallImage(): Promise<Buffer> {
  const layer = await tarOf([entry("d", "directory"), file("d/a", "a".repeat(9000)), file("b", "b")]);
  const config = JSON.stringify({ os: "linux", architecture: "amd64", config: {}, rootfs: { type: "layers", diff_ids: [digestOf(layer)] } });
  const table = JSON.stringify([{ Config: "config.json", Layers: ["layer.tar"], RepoTags: ["small:1"] }]);
  return tarOf([file("config.json", config), { ...file("layer.tar"), size: layer.byteLength, body: [layer] }, file("manifest.json", table)]);
}
