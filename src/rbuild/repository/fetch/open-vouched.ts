import { refusalError } from "../../trust/refusal.ts";
import { type OpenRepository, openRepository, type RepositoryDependencies } from "./open-repository.ts";
import type { RepositoryPlace } from "./repository-place.ts";

/**
 * Opens a repository for whoever builds on what it shows, and has no digest to compare with: its keys must be good now.
 * @throws RbuildError those of `openRepository`, `trust.expired-key`
 */
export async function openVouched(places: readonly RepositoryPlace[], dependencies: RepositoryDependencies): Promise<OpenRepository> {
  const repository = await openRepository(places, dependencies);
  const { verdict } = repository;
  if (verdict.kind === "current" || !verdict.isLapsed) return repository;
  await repository[Symbol.asyncDispose]();
  throw refusalError(verdict.reason);
}
