// Who may import whom. tsconfig references already keep whole folders apart; these rules see what references cannot:
// entry points, type-only imports, cycles, and the rooms inside the engine.
const only = (name, from, allowed, comment) => ({
  name,
  comment,
  severity: "error",
  from: { path: from },
  to: { path: "^src/", pathNot: [from, ...allowed] },
});

/** @type {import("dependency-cruiser").IConfiguration} */
module.exports = {
  forbidden: [
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } } },
    { name: "no-unresolvable", comment: "node:ffi is newer than the cruiser", severity: "error", from: {}, to: { couldNotResolve: true, pathNot: "^(node:)?ffi$" } },
    { name: "no-dev-dependencies", severity: "error", from: { path: "^src/" }, to: { dependencyTypes: ["npm-dev"], dependencyTypesNot: ["type-only"] } },
    only("oci-imports-nobody", "^src/oci/", [], "the vocabulary is pure"),
    { name: "oci-does-no-io", severity: "error", from: { path: "^src/oci/" }, to: { dependencyTypes: ["core"], pathNot: ["^(node:)?crypto$"] } },
    only("system-imports-nobody", "^src/system/", [], "the operating system knows no domain"),
    only("engine-is-a-library", "^src/engine/", ["^src/oci/", "^src/system/"], "delete rbuild, ui and cli, and the engine still builds"),
    only("server-uses-the-engines-front-door", "^src/server/", ["^src/oci/", "^src/system/", "^src/engine/index\\.ts$"], "the server decides nothing"),
    only("make-runner-knows-no-engine", "^src/make-runner/", ["^src/oci/", "^src/system/"], "containers are a dockerode client"),
    only("rbuild-knows-no-engine", "^src/rbuild/", ["^src/oci/", "^src/system/", "^src/make-runner/index\\.ts$"], "containers are a dockerode client"),
    only("ui-is-fed-by-events", "^src/ui/", ["^src/system/", "^src/make-runner/(index|events)\\.ts$", "^src/rbuild/(index|events)\\.ts$"], "the view knows events, not the work"),
    { name: "nobody-imports-cli", severity: "error", from: { path: "^src/", pathNot: "^src/cli/" }, to: { path: "^src/cli/" } },
    { name: "dockerode-is-a-type", comment: "only the composition root makes a client", severity: "error", from: { path: "^src/(rbuild|make-runner)/" }, to: { path: "node_modules/dockerode", dependencyTypesNot: ["type-only"] } },
    { name: "ffi-stays-in-the-kernel-room", severity: "error", from: { path: "^src/", pathNot: "^src/system/kernel/" }, to: { path: "^(node:)?ffi$" } },
    { name: "engine-content-is-the-ground-floor", severity: "error", from: { path: "^src/engine/content/" }, to: { path: "^src/engine/", pathNot: "^src/engine/(content|store/(layout|owned-file))" } },
    { name: "engine-snapshots-know-content-only", severity: "error", from: { path: "^src/engine/snapshots/" }, to: { path: "^src/engine/", pathNot: "^src/engine/(snapshots|content|store/(layout|owned-file))" } },
    { name: "engine-images-know-no-containers", severity: "error", from: { path: "^src/engine/images/" }, to: { path: "^src/engine/(containers|runtime|networks|volumes|build|sessions)/" } },
    { name: "engine-containers-know-no-builder", severity: "error", from: { path: "^src/engine/(containers|runtime|networks|volumes)/" }, to: { path: "^src/engine/build/" } },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.base.json" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "require", "node", "default", "types"] },
  },
};
