import type { MetadataSource } from "../../../trust/client/metadata-source.ts";
import { readWhole } from "../files/file-route.ts";
import type { OpenFiles } from "../files/open-files.ts";

/** The same files that are served, for the server's own client. */
export function metadataOf(files: OpenFiles): MetadataSource {
  return {
    name: "this repository",
    async read(path, maxBytes) {
      const file = await files.open(path, false);
      const bytes = file && (await readWhole(file, maxBytes));
      return bytes ? { kind: "bytes", bytes } : { kind: file ? "too-large" : "absent" };
    },
  };
}
