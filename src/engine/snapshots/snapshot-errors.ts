import { type ByteString, RbuildError, textOf } from "../../system/index.ts";

export function snapshotNotFound(key: string): RbuildError {
  return new RbuildError("snapshot.not-found", `there is no snapshot ${key}`, { category: "not-found", hint: "rbuild engine fsck", details: { key } });
}

export function snapshotExists(key: string): RbuildError {
  return new RbuildError("snapshot.exists", `there is a snapshot ${key} already`, { category: "conflict", details: { key } });
}

export function snapshotMounted(key: string, target: string): RbuildError {
  return new RbuildError("snapshot.mounted", `the snapshot ${key} is mounted at ${target}`, {
    category: "conflict",
    hint: "stop what uses it first",
    details: { key, target },
  });
}

export function unsafePath(path: ByteString, why: string): RbuildError {
  return new RbuildError("layer.unsafe-path", `the layer's entry ${JSON.stringify(textOf(path))} would leave the layer's own tree: ${why}`, {
    category: "untrusted",
    hint: "do not use this image; tell whoever made it",
    details: { path: textOf(path) },
  });
}

export function malformedLayer(path: ByteString, why: string): RbuildError {
  return new RbuildError("layer.malformed", `the layer's entry ${JSON.stringify(textOf(path))} cannot be applied: ${why}`, {
    category: "invalid",
    details: { path: textOf(path) },
  });
}

export function noSpace(root: string, cause: unknown): RbuildError {
  return new RbuildError("snapshot.no-space", `there is no space left for the files of a layer in ${root}`, {
    category: "unavailable",
    hint: "rbuild engine gc",
    cause,
    details: { root },
  });
}

export function reservedName(path: ByteString): RbuildError {
  return new RbuildError("snapshot.reserved-name", `/${textOf(path)} cannot be in a layer: names that begin with .wh. delete files there`, {
    category: "invalid",
    hint: "give it another name, or remove it",
    details: { path: textOf(path) },
  });
}
