import { RbuildError, readTar } from "../../../system/index.ts";
import { createContainer } from "../../container-host/container.ts";
import type { ContainerHost } from "../../container-host/container-host.ts";
import { asked, askedIfThere } from "../../container-host/host-error.ts";
import { readDpkgStatus } from "./dpkg-status.ts";
import type { ComparedPackage } from "./image-diff.ts";

const STATUS = "/var/lib/dpkg/status";
const MAX_STATUS_BYTES = 64 * 2 ** 20;

/** Debian's name of the image's architecture, and what its dpkg has installed. Nothing of the image is run. */
export interface EnginePackages {
  readonly architecture: string;
  readonly packages: readonly ComparedPackage[];
}

/** @throws RbuildError `diff.unknown-image`, `diff.no-packages`, codes `container-host.*` */
export async function readEnginePackages(host: ContainerHost, reference: string): Promise<EnginePackages> {
  const inspected = await askedIfThere(`look at the image ${reference}`, host.getImage(reference).inspect());
  if (!inspected) {
    throw new RbuildError("diff.unknown-image", `${JSON.stringify(reference)} is no image of images/, no lock file, and no image in the engine`, {
      category: "not-found",
      hint: "rbuild image list; a lock of a revision is NAME@REVISION",
      details: { reference },
    });
  }
  // A container needs a command; this one is never started.
  await using created = await createContainer(host, { Image: inspected.Id, Cmd: ["true"], Entrypoint: [] });
  const archive = await askedIfThere(`read ${STATUS} of ${reference}`, created.container.getArchive({ path: STATUS }));
  const text = archive && (await readStatus(archive as unknown as AsyncIterable<Uint8Array>, reference));
  if (text === undefined) {
    throw new RbuildError("diff.no-packages", `the image ${reference} has no ${STATUS}, so nothing says which packages it has`, {
      category: "invalid",
      hint: "compare images that have Debian's dpkg",
      details: { reference },
    });
  }
  return { architecture: inspected.Architecture, packages: readDpkgStatus(text) };
}

async function readStatus(archive: AsyncIterable<Uint8Array>, reference: string): Promise<string | undefined> {
  const read = async () => {
    for await (const entry of readTar(archive)) {
      if (entry.kind !== "file") continue;
      if (entry.size > MAX_STATUS_BYTES) {
        throw new RbuildError("file.too-large", `${STATUS} of ${reference} has ${entry.size} bytes; at most ${MAX_STATUS_BYTES} are read`, {
          category: "invalid",
        });
      }
      const parts: Buffer[] = [];
      for await (const chunk of entry.body) parts.push(Buffer.from(chunk));
      return Buffer.concat(parts).toString("utf8");
    }
    return undefined;
  };
  return asked(`read ${STATUS} of ${reference}`, read());
}
