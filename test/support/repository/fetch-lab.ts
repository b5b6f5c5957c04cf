import { readFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import type Docker from "dockerode";
import { digestOf } from "../../../src/oci/index.ts";
import type { RbuildEvent } from "../../../src/rbuild/events.ts";
import type { FetchLimits } from "../../../src/rbuild/pool/fetch-limits.ts";
import { type FetchedImage, fetchImage } from "../../../src/rbuild/repository/fetch/fetch-image.ts";
import { openRepository } from "../../../src/rbuild/repository/fetch/open-repository.ts";
import { repositoryPlace } from "../../../src/rbuild/repository/fetch/repository-place.ts";
import type { ImageChoice } from "../../../src/rbuild/repository/fetch/select-image.ts";
import type { TrustedRoot } from "../../../src/rbuild/trust/client/root-chain.ts";
import type { Quorum } from "../../../src/rbuild/trust/verdicts/quorum.ts";
import { pathExists } from "../../../src/system/index.ts";
import { QUICK } from "../pool/fill.ts";
import { give, serve, type WebServer } from "../pool/web-server.ts";
import { scratchDirectory } from "../scratch.ts";
import { NOW } from "../trust/test-keys.ts";
import { listFiles } from "./publish-lab.ts";

/** A client: an engine, a state of its own, and what it was told. */
export interface FetchLab {
  readonly state: string;
  readonly events: RbuildEvent[];
  warnings(): string[];
  /** @param places what `--from` says */
  fetch(places: readonly string[], choice?: Partial<ImageChoice>, more?: FetchMore): Promise<FetchedImage>;
  /** Ids of all images by their tags, and what is remembered of the repository: what a refusal must not change. */
  memory(): Promise<{ readonly images: unknown; readonly trust: unknown }>;
}

interface FetchMore {
  readonly limits?: Partial<FetchLimits>;
  readonly now?: Date;
  readonly signal?: AbortSignal;
  readonly quorum?: readonly Quorum[];
}

export async function openFetchLab(docker: Docker, roots: readonly TrustedRoot[], place?: string): Promise<FetchLab> {
  const state = place ?? (await scratchDirectory());
  for (const { RepoTags } of await docker.listImages()) for (const tag of RepoTags ?? []) await docker.getImage(tag).remove({ force: true });
  const events: RbuildEvent[] = [];
  return {
    state,
    events,
    warnings: () => events.flatMap((event) => (event.kind === "warning.raised" ? [event.code] : [])),
    async fetch(places, choice = {}, { limits = {}, now = NOW, signal, quorum = [] } = {}) {
      const dependencies = {
        roots: roots.slice(0, 1),
        stateDirectory: state,
        containerHost: docker,
        report: (event: RbuildEvent) => void events.push(event),
        clock: { now: () => now },
        quorum,
        limits: { ...QUICK, attempts: 2, ...limits },
        ...(signal ? { signal } : {}),
      };
      await using repository = await openRepository(await Promise.all(places.map((place) => repositoryPlace(place, {}))), dependencies);
      return await fetchImage({ name: "small", architecture: "amd64", ...choice }, repository, dependencies);
    },
    async memory() {
      const images = await docker.listImages();
      return { images: images.map(({ Id, RepoTags }) => [Id, RepoTags]), trust: await contents(join(state, "trust")) };
    },
  };
}

/** Digests of the files below a directory by their paths. */
async function contents(directory: string): Promise<Readonly<Record<string, string>>> {
  const paths = (await pathExists(directory)) ? [...(await listFiles(directory)).keys()] : [];
  return Object.fromEntries(await Promise.all(paths.map(async (path) => [path, digestOf(await readFile(join(directory, path)))])));
}

/** Answers something of its own when it wants to. */
export type Twist = (path: string, bytes: Buffer | undefined, request: IncomingMessage, response: ServerResponse) => boolean | undefined;

/** A mirror that has a directory's files, but for what the twist does. */
export async function serveFiles(directory: string, twist: Twist = () => false): Promise<WebServer> {
  return serve((request, response) => void answer(directory, twist, request, response));
}

async function answer(directory: string, twist: Twist, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = (request.url ?? "").slice(1);
  const bytes = /^[a-z0-9./-]+$/i.test(path) && !path.includes("..") ? await readFile(join(directory, path)).catch(() => undefined) : undefined;
  if (twist(path, bytes, request, response)) return;
  if (bytes) give(bytes, request, response);
  else response.writeHead(404).end();
}

/** Blanks without end. */
export async function endless(response: ServerResponse): Promise<void> {
  response.setMaxListeners(0);
  while (!response.destroyed && !response.writableEnded) {
    if (!response.write(Buffer.alloc(65_536, " "))) await new Promise((resolve) => response.once("drain", resolve).once("close", resolve));
  }
}

/** Ten bytes a second. */
export function drip(response: ServerResponse, bytes: Buffer = Buffer.alloc(0)): void {
  response.writeHead(200, { "content-length": bytes.byteLength });
  let at = 0;
  const timer = setInterval(() => response.write(bytes.subarray(at, ++at)), 100);
  response.once("close", () => clearInterval(timer));
}
