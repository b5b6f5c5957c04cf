import type Docker from "dockerode";
import { asked } from "../../rbuild/container-host/host-error.ts";
import type { AttachableContainer, ContainerStreams, JoinedStreams } from "./attachable-container.ts";

/** A container behind a Docker API. */
export function dockerContainer(container: Docker.Container): AttachableContainer {
  return {
    attach: (streams) => attach(container, streams),
    start: async () => void (await asked("start the container", container.start())),
    wait: async () => ((await asked("wait for the container", container.wait())) as { readonly StatusCode: number }).StatusCode,
    kill: async () => void (await container.kill()),
    resize: async ({ rows, columns }) => void (await container.resize({ h: rows, w: columns })),
  };
}

/** A new container behind a Docker API. @throws RbuildError as `asked` has it */
export async function createDockerContainer(docker: Docker, options: Docker.ContainerCreateOptions): Promise<AttachableContainer & AsyncDisposable> {
  const container = await asked(`make a container of ${options.Image}`, docker.createContainer(options));
  return {
    ...dockerContainer(container),
    [Symbol.asyncDispose]: async () => void (await container.remove({ force: true, v: true }).catch(() => {})),
  };
}

async function attach(container: Docker.Container, { hasTty, stdin, stdout, stderr }: ContainerStreams): Promise<JoinedStreams> {
  const wanted = { stream: true, stdout: true, stderr: true, stdin: stdin !== undefined, hijack: stdin !== undefined };
  const stream = await asked("attach to the container", container.attach(wanted));
  // without a terminal it comes in frames
  if (hasTty) stream.pipe(stdout, { end: false });
  else (container.modem as Docker["modem"]).demuxStream(stream, stdout, stderr);
  stdin?.pipe(stream);
  return {
    ended: new Promise((resolve) => {
      for (const event of ["end", "close", "error"]) stream.once(event, () => resolve());
    }),
    leaveInput: () => void stdin?.unpipe(stream),
  };
}
