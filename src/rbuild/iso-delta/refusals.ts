import type { Digest } from "../../oci/index.ts";
import { RbuildError } from "../../system/index.ts";
import { type CoderSettings, codecFor } from "./coder.ts";

export function otherCompressor(delta: string, settings: CoderSettings): RbuildError {
  const codec = codecFor(settings.kind);
  const library = { zstd: "libzstd", gzip: "zlib", lz4: "liblz4", xz: "liblzma" }[settings.kind];
  const here = codec ? `this host has ${codec.version}, which makes other blocks` : "this host has none";
  return new RbuildError("delta.other-compressor", `the delta ${delta} was made with ${library} ${settings.version}; ${here}`, {
    category: "unavailable",
    hint: `undo it where ${library} ${settings.version} is installed (dpkg-query --show ${codec?.package ?? library}), or take the whole ISO`,
    details: { delta, library, needed: settings.version, found: codec?.version ?? null },
  });
}

export function notExpected(delta: string, made: Digest, expected: Digest): RbuildError {
  return new RbuildError("delta.not-expected", `the delta ${delta} makes ${made}, not the expected ${expected}`, {
    category: "untrusted",
    hint: "take the delta that belongs to the expected ISO",
    details: { delta, made, expected },
  });
}

export function tooLarge(path: string, size: number, most: number, what: string): RbuildError {
  return new RbuildError("delta.too-large", `${path}: ${what} has ${size} bytes; at most ${most} can be in a delta`, {
    category: "invalid",
    details: { path, size, most },
  });
}
