import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { withStep } from "../../make-runner/index.ts";
import { isSystemError, RbuildError } from "../../system/index.ts";
import type { RbuildReport } from "../events.ts";
import { COMPATIBILITY_VERSION } from "../images/compatibility.ts";
import { checkSpace } from "../iso/preflight/free-space.ts";
import { hostArchitecture } from "../lock/architectures.ts";
import { CAPSULE_ROOT, type CapsuleManifest } from "./capsule-manifest.ts";
import { unpackCapsule } from "./unpack-capsule.ts";
import { verifyUnpacked } from "./verify-unpacked.ts";

/** A capsule of which every member has been verified. */
export interface OpenCapsule {
  /** Where its members are. */
  readonly directory: string;
  readonly manifest: CapsuleManifest;
}

/**
 * Verifies a capsule: a file, which is unpacked below `work`, or the directory of one that was unpacked, which is left as it is.
 * @param work an empty directory
 * @throws RbuildError `capsule.not-found`, `capsule.invalid`, `capsule.damaged`, `capsule.other-architecture`, `capsule.other-rules`, `iso.no-space`
 */
export async function openCapsule(
  path: string,
  work: string,
  { report, signal }: { readonly report: RbuildReport; readonly signal?: AbortSignal },
): Promise<OpenCapsule> {
  const found = await stat(path).catch((error: unknown) => {
    if (isSystemError(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  });
  if (!found)
    throw new RbuildError("capsule.not-found", `there is no capsule ${path}`, {
      category: "not-found",
      hint: "name a file that rbuild capsule create wrote",
      details: { path },
    });
  const abort = signal ? { signal } : {};
  return withStep(report, { name: "capsule.verify", subject: path }, async (step) => {
    if (found.isDirectory()) {
      const manifest = await verifyUnpacked(path, { ...abort, onProgress: (bytes) => step.progress(bytes, "bytes") });
      checkUse(manifest);
      return { directory: resolve(path), manifest };
    }
    const directory = join(work, CAPSULE_ROOT);
    const onManifest = async (manifest: CapsuleManifest) => {
      checkUse(manifest);
      await checkSpace(
        "what is in the capsule",
        work,
        manifest.members.reduce((sum, { size }) => sum + size, 0),
      );
    };
    const onProgress = (bytes: number) => step.progress(bytes, "bytes", found.size);
    return {
      directory,
      manifest: await unpackCapsule(createReadStream(path, { highWaterMark: 2 ** 20 }) as AsyncIterable<Buffer>, directory, {
        onManifest,
        onProgress,
        ...abort,
      }),
    };
  });
}

function checkUse({ architecture, tools }: CapsuleManifest): void {
  const host = hostArchitecture();
  if (architecture !== host) {
    throw new RbuildError("capsule.other-architecture", `the capsule is for ${architecture} and this machine is ${host}`, {
      category: "unavailable",
      hint: `build it on a machine of the architecture ${architecture}`,
      details: { architecture, host },
    });
  }
  if (tools.compatibilityVersion === COMPATIBILITY_VERSION) return;
  const message = `the capsule is of rbuild ${tools.rbuild}, with the compatibility version ${tools.compatibilityVersion}; this rbuild builds images of ${COMPATIBILITY_VERSION}, which are others`;
  throw new RbuildError("capsule.other-rules", message, {
    category: "refused",
    hint: "build with the rbuild in it: tar xf FILE && sudo ./capsule/build",
    details: { wanted: tools.compatibilityVersion, found: COMPATIBILITY_VERSION },
  });
}
