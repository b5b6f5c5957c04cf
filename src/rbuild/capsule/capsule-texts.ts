import { CAPSULE_FILE, type CapsuleManifest } from "./capsule-manifest.ts";

export const README = "README";
export const BUILD_SCRIPT = "build";
export const TREE_BUNDLE = "tree.bundle";
export const POOL = "pool";
export const PROGRAM = "rbuild";

/** Runs the rbuild that the capsule has. */
export const buildScript = `#!/bin/sh
# Rebuilds the images and artifacts of this capsule with the rbuild in it. Options: ./build --help
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
exec "$here/${PROGRAM}/bin/rbuild" capsule build "$here" "$@"
`;

export function readmeText({ architecture, tools, tree, images }: Omit<CapsuleManifest, "members">): string {
  return `A time capsule of rbuild ${tools.rbuild}: everything that a build needs, in one file.

It rebuilds the commit
    ${tree.commit}${tree.tag === null ? "" : ` (${tree.tag})`}
with its images
${images.map(({ name, version, digest }) => `    ${name} ${version} ${digest}`).join("\n")}
on any Linux machine of the architecture ${architecture}, without a network:

    tar xf FILE.capsule.tar
    sudo ./capsule/build --output out

What the machine itself must have is checked by
    ./capsule/${PROGRAM}/bin/rbuild doctor

${CAPSULE_FILE}   every file of the capsule with its size and SHA-256, and the digests that a build must get
${BUILD_SCRIPT}          verifies all of that and builds
${TREE_BUNDLE}    the sources with their history: git clone ${TREE_BUNDLE}
${POOL}/          every Debian package and index by its SHA-256
${PROGRAM}/        the program, and the image definitions and locks that come with it
`;
}
