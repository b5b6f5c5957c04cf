import { redact } from "../../../system/index.ts";
import { findMirror } from "../../mirror/find-mirror.ts";
import type { HostCheck } from "../check.ts";
import { includesJob } from "../jobs.ts";

/** The suite of rbuild's own images. */
const SUITE = "bookworm";

/** Where packages would come from. Nothing is fetched. */
export const checkMirror: HostCheck = async ({ job, mirror, signal }) => {
  if (!includesJob(job, "image")) return [];
  const base = { id: "apt.mirror", needed: `a Debian mirror with ${SUITE}`, why: "packages of images and live systems" };
  try {
    const found = await findMirror({ suite: SUITE, ...(mirror === undefined ? {} : { mirror }), ...(signal === undefined ? {} : { signal }) });
    const from = { option: "--mirror", definition: "the definition", environment: "RBUILD_MIRROR", apt: "the host's APT sources" }[found.origin];
    return [{ ...base, status: "ok", found: redact(`${found.url} (${from}${found.proxy === undefined ? "" : `, through ${found.proxy}`})`) }];
  } catch (error) {
    return [{ ...base, status: "fail", found: error instanceof Error ? error.message : String(error), fix: "rbuild config set mirror http://HOST/debian" }];
  }
};
