import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { RbuildError, readFileIfExists, writeFileAtomic } from "../../../system/index.ts";
import type { ContainerHost } from "../../container-host/container-host.ts";
import { askedIfThere } from "../../container-host/host-error.ts";
import { ALLOWED_CAPABILITIES } from "../config/capabilities.ts";
import { type BuildId, isBuildId } from "./build-id.ts";

const keptSchema = z.strictObject({
  id: z.string(),
  /** Project directory. */
  directory: z.string(),
  target: z.string(),
  makefile: z.string(),
  /** RFC 3339. */
  keptAt: z.string(),
  failure: z.strictObject({ code: z.string(), message: z.string() }),
  logPath: z.string().exactOptional(),
  /** The container's file system as the build left it. */
  imageId: z.string(),
  reference: z.string(),
  /** Host directory behind /output. */
  output: z.string(),
  environment: z.array(z.string()),
  capabilities: z.array(z.enum(ALLOWED_CAPABILITIES)),
  devices: z.array(z.string()),
  network: z.enum(["bridge", "none"]),
  submodules: z.array(z.string()),
  /** Output directory below `directory`, hidden from the build. */
  outputInTree: z.string().exactOptional(),
});

/** A failed build whose container was kept for `rbuild shell`. */
export type KeptBuild = Readonly<z.infer<typeof keptSchema>>;

interface KeptDependencies {
  readonly containerHost: ContainerHost;
  readonly stateDirectory: string;
}

const MAX_KEPT_BYTES = 256 * 1024;
const keptDirectory = (stateDirectory: string) => join(stateDirectory, "kept");
const keptPath = (stateDirectory: string, id: string) => join(keptDirectory(stateDirectory), `${id}.json`);

/** Name of a kept build's image. */
export const keptReference = (id: BuildId): { readonly repository: string; readonly tag: string } => ({ repository: "rbuild-kept", tag: id });

export async function recordKeptBuild(stateDirectory: string, kept: KeptBuild): Promise<void> {
  await mkdir(keptDirectory(stateDirectory), { recursive: true });
  await writeFileAtomic(keptPath(stateDirectory, kept.id), JSON.stringify(kept), { mode: 0o600 });
}

/** All kept builds, the newest first. */
export async function listKeptBuilds({ stateDirectory }: Pick<KeptDependencies, "stateDirectory">): Promise<readonly KeptBuild[]> {
  const names = await readdir(keptDirectory(stateDirectory)).catch(() => []);
  const kept: KeptBuild[] = [];
  for (const name of names) {
    const id = name.replace(/\.json$/, "");
    const bytes = isBuildId(id) ? await readFileIfExists(keptPath(stateDirectory, id), MAX_KEPT_BYTES) : undefined;
    const parsed = bytes && keptSchema.safeParse(JSON.parse(bytes.toString("utf8")));
    if (parsed?.success) kept.push(parsed.data);
  }
  return kept.sort((a, b) => (a.keptAt > b.keptAt ? -1 : 1));
}

/**
 * The kept build of that id or its beginning; without one the newest.
 * @throws RbuildError `iso.no-kept-build`, `iso.ambiguous-kept-build`
 */
export async function openKeptBuild(id: string | undefined, dependencies: Pick<KeptDependencies, "stateDirectory">): Promise<KeptBuild> {
  const all = await listKeptBuilds(dependencies);
  const found = id === undefined ? all.slice(0, 1) : all.filter((kept) => id !== "" && kept.id.startsWith(id));
  const [kept] = found;
  if (!kept) {
    throw new RbuildError("iso.no-kept-build", id === undefined ? "no failed build was kept" : `no kept build has the id ${id}`, {
      category: "not-found",
      hint: "rbuild iso --keep leaves the container of a build that fails",
      details: { id, kept: all.map((each) => each.id) },
    });
  }
  if (found.length > 1) {
    const ids = found.map((each) => each.id);
    throw new RbuildError("iso.ambiguous-kept-build", `several kept builds begin with ${id}: ${ids.join(", ")}`, {
      category: "invalid",
      hint: `rbuild shell ${ids[0]}`,
      details: { ids },
    });
  }
  return kept;
}

/** Forgets a kept build: its image, its half-made output, its record. */
export async function removeKeptBuild(kept: KeptBuild, { containerHost, stateDirectory }: KeptDependencies): Promise<void> {
  await askedIfThere(`remove the image ${kept.reference}`, asImage(containerHost, kept).remove({ force: true }));
  await rm(kept.output, { recursive: true, force: true });
  await rm(keptPath(stateDirectory, kept.id), { force: true });
}

/** @throws RbuildError `iso.kept-image-gone` */
export async function checkKeptImage(kept: KeptBuild, { containerHost }: Pick<KeptDependencies, "containerHost">): Promise<void> {
  if (await askedIfThere(`look at the image ${kept.reference}`, asImage(containerHost, kept).inspect())) return;
  throw new RbuildError("iso.kept-image-gone", `the image ${kept.reference} of the kept build ${kept.id} is gone`, {
    category: "not-found",
    hint: "rbuild iso --keep makes another",
    details: { id: kept.id },
  });
}

const asImage = (host: ContainerHost, kept: KeptBuild) => host.getImage(kept.reference);
