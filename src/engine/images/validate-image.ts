import { DigestHasher, MAX_CONFIG_BYTES, MAX_MANIFEST_BYTES, parseImageConfig, parseManifest } from "../../oci/index.ts";
import type { ContentStore } from "../content/content-store.ts";
import type { Image } from "./image.ts";
import { layerTar } from "./unpack-image.ts";

/** Reads everything of an image again. @returns what is wrong, a sentence each; empty when it is sound */
export async function validateImage(image: Image, content: ContentStore): Promise<readonly string[]> {
  const findings: string[] = [];
  const attempt = async (what: string, check: () => Promise<void>) => {
    try {
      await check();
    } catch (error) {
      findings.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  await attempt("manifest", async () => {
    const { digest, size } = image.manifestDescriptor;
    const bytes = await content.read(digest, MAX_MANIFEST_BYTES);
    if (bytes.byteLength !== size) findings.push(`manifest: it has ${bytes.byteLength} bytes instead of ${size}`);
    parseManifest(bytes);
  });
  await attempt("config", async () => {
    const { digest, size } = image.manifest.config;
    const bytes = await content.read(digest, MAX_CONFIG_BYTES);
    if (bytes.byteLength !== size) findings.push(`config: it has ${bytes.byteLength} bytes instead of ${size}`);
    const { architecture, os, rootfs, history } = parseImageConfig(bytes);
    if (os !== image.platform.os || architecture !== image.platform.architecture) findings.push(`config: its platform is ${os}/${architecture}`);
    const steps = history?.length ? history.filter((step) => !step.empty_layer).length : undefined;
    if (steps !== undefined && steps !== rootfs.diff_ids.length)
      findings.push(`config: its history tells of ${steps} layers, and it has ${rootfs.diff_ids.length}`);
  });
  for (const [index, diffId] of image.config.rootfs.diff_ids.entries()) {
    await attempt(`layer ${index}`, async () => {
      const hasher = new DigestHasher();
      for await (const chunk of layerTar(image, index, content)) hasher.update(chunk);
      const actual = hasher.digest();
      if (actual !== diffId) findings.push(`layer ${index}: its content is ${actual}, and the config says ${diffId}`);
    });
  }
  return findings;
}
