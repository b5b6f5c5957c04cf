import type { CapsuleVerdict } from "../rbuild/index.ts";

/** What a capsule's build gave, for people. */
export function verdictLines({ kind, images, artifacts }: CapsuleVerdict): string[] {
  const compared = [
    ...images.map(({ name, ...digests }) => line(`image ${name}`, digests)),
    ...artifacts.map(({ path, ...digests }) =>
      kind === "unknown" && digests.expected === undefined ? `${path}: ${digests.found ?? ""}` : line(path, digests),
    ),
  ];
  const verdict = { identical: "identical", different: "DIFFERENT", unknown: "built; the capsule does not say what the artifacts were" }[kind];
  return [...compared, verdict];
}

function line(what: string, { expected, found }: { readonly expected?: string; readonly found?: string }): string {
  return expected === found ? `${what}: identical (${found})` : `${what}: expected ${expected ?? "nothing"}, got ${found ?? "nothing"}`;
}
