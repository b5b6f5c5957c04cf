import { cp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { openDirectorySource, openTrustStore, updateTrust } from "../../../src/rbuild/trust/index.ts";
import { systemClock } from "../../../src/system/index.ts";
import { RBUILD } from "../rbuild-command.ts";
import type { TwoReleases } from "../repository/two-releases.ts";
import type { Works } from "./work.ts";

/** What `rbuild image publish` does: the first publication, the next one, and one of the freshness alone. */
export function publishWorks(releases: TwoReleases): Works<"first publication" | "publish" | "renewal"> {
  const { lab, first } = releases;
  const publish = async (directory: string, args: readonly string[]) => {
    for (const [name, key] of Object.entries({ publisher: lab.publisher, cron: lab.cron }))
      await writeFile(join(directory, `${name}.key`), key.privateKey.armor(), { mode: 0o600 });
    const places = ["--freshness-signer", join(directory, "cron.key"), "--keys", lab.keys, "--engine-root", join(directory, "engine")];
    return {
      isCommand: true,
      command: [RBUILD, "image", "publish", join(directory, "images"), ...places, ...args],
      cwd: lab.images.directory,
      env: { DOCKER_HOST: `unix://${(lab.images.docker.modem as unknown as { readonly socketPath: string }).socketPath}` },
    };
  };
  const release = (directory: string) => publish(directory, ["--signer", join(directory, "publisher.key"), "ground", "small"]);
  const asked = async (directory: string) => {
    try {
      return await ask(releases, join(directory, "images"), join(directory, "memory"), systemClock);
    } finally {
      await rm(join(directory, "memory"), { recursive: true });
    }
  };
  return {
    async "first publication"(directory) {
      return {
        ...(await release(directory)),
        async verify(isDone) {
          const verdict = await asked(directory);
          if (isDone || verdict.kind !== "refused") expect(verdict).toMatchObject({ kind: "current", images: 2 });
          else expect(verdict.code).toBe("trust.missing-file");
        },
      };
    },
    async publish(directory) {
      await cp(first, join(directory, "images"), { recursive: true });
      return {
        ...(await release(directory)),
        async verify(isDone) {
          // The number of a publication that failed late is not used again.
          const { index, images } = current(await asked(directory));
          expect(isDone ? [2, 3] : [1, 2, 3]).toContain(index);
          expect(images).toBe(index === 1 ? 2 : 3);
        },
      };
    },
    async renewal(directory) {
      await cp(first, join(directory, "images"), { recursive: true });
      return {
        ...(await publish(directory, ["--renew"])),
        async verify(isDone) {
          const { index, freshness } = current(await asked(directory));
          expect(index).toBe(1);
          expect(freshness).toBeGreaterThanOrEqual(isDone ? 2 : 1);
        },
      };
    },
  };
}

type Answer =
  | { readonly kind: "current"; readonly index: number; readonly freshness: number; readonly images: number }
  | { readonly kind: "refused"; readonly code: string };

/** What a client with that memory believes. */
export async function ask(releases: TwoReleases, repository: string, memory: string, clock: { now(): Date }): Promise<Answer> {
  await using store = await openTrustStore(memory, releases.roots[0]!.digest);
  const verdict = await updateTrust({ checkout: releases.roots.slice(0, 1), repository: openDirectorySource(repository), store, clock });
  if (verdict.kind === "refused") return { kind: "refused", code: verdict.code };
  if (verdict.kind === "stale") throw new Error(JSON.stringify(verdict.reason));
  return { kind: "current", index: verdict.index.version, freshness: verdict.freshness.version, images: verdict.index.images.length };
}

/** Throws when a client does not believe it. */
export function current(answer: Answer): Answer & { readonly kind: "current" } {
  if (answer.kind === "refused") throw new Error(answer.code);
  return answer;
}
