import type { BuildEvent, Image } from "../../engine/index.ts";
import { type Digest, shortDigest } from "../../oci/index.ts";

const say = (stream: string) => ({ stream });
const short = (imageId: string) => shortDigest(imageId as Digest);

/** The classic builder's words for what happens in a build. Characters cut in two by the way output arrives are put together again. */
export function createBuildTranslator(): (event: BuildEvent) => readonly unknown[] {
  const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  return (event) => {
    switch (event.kind) {
      case "step.started":
        return [say(`Step ${event.index}/${event.total} : ${event.instruction}`), say("\n")];
      case "step.cached":
        return [say(" ---> Using cache\n"), say(` ---> ${short(event.imageId)}\n`)];
      case "step.container-created":
        return [say(` ---> Running in ${event.containerId.slice(0, 12)}\n`)];
      case "step.output":
        return [say(decoders[event.stream].decode(event.data, { stream: true }))];
      case "step.finished":
        return [say(` ---> ${short(event.imageId)}\n`)];
      case "warning":
        return [say(`[Warning] ${event.message}\n`)];
      default:
        return event satisfies never;
    }
  };
}

export function endLines(image: Image, references: readonly string[]): readonly unknown[] {
  return [
    { aux: { ID: image.id } },
    say(`Successfully built ${short(image.id)}\n`),
    ...references.map((reference) => say(`Successfully tagged ${withTag(reference)}\n`)),
  ];
}

const withTag = (reference: string) => (reference.slice(reference.lastIndexOf("/") + 1).includes(":") ? reference : `${reference}:latest`);
