import type { ContainerHost } from "../../container-host/container-host.ts";
import type { BuildWorkspace } from "../build-workspace.ts";
import { removeContainer, WORK_LABEL } from "./work-container.ts";

/** Hands the tar of an image's whole root file system to `use`. */
export async function withExportedImage<T>(
  image: string,
  { host, work }: Pick<BuildWorkspace, "host" | "work"> & { readonly host: ContainerHost },
  use: (tar: AsyncIterable<Uint8Array>) => Promise<T>,
): Promise<T> {
  const container = await host.createContainer({
    Image: image,
    Entrypoint: ["/bin/true"],
    Cmd: [],
    Labels: { [WORK_LABEL]: work },
    HostConfig: { NetworkMode: "none" },
  });
  try {
    return await use((await container.export()) as AsyncIterable<Uint8Array> & NodeJS.ReadableStream);
  } finally {
    await removeContainer(container);
  }
}
