import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { type ChainId, digestOf } from "../../oci/index.ts";
import { mountsOfUpper } from "../snapshots/mounted-overlays.ts";
import { SnapshotCatalog } from "../snapshots/snapshot-catalog.ts";
import { keyOfName } from "../snapshots/snapshot-directories.ts";
import type { SnapshotInfo } from "../snapshots/snapshotter.ts";
import type { Finding } from "./check-store.ts";
import type { StoreLayout } from "./layout.ts";
import { deadFiles } from "./owned-file.ts";
import { isChainId } from "./reachable.ts";
import type { StoreParts } from "./store-parts.ts";

const COLLECT = "rbuild engine gc";

/** Finds snapshots that are incomplete, wrongly named or forgotten. @returns how many snapshots and mounts were looked at */
export async function checkSnapshots(
  parts: StoreParts,
  { layout, isQuiet }: { readonly layout: StoreLayout; readonly isQuiet: boolean },
  findings: Finding[],
): Promise<{ readonly snapshots: number; readonly mounts: number }> {
  const catalog = new SnapshotCatalog(layout);
  const infos = await catalog.list();
  for (const key of await catalog.damaged()) {
    findings.push({ code: "snapshot.damaged", object: key, message: "its record, its files or its parent is missing or unreadable", hint: COLLECT });
  }
  // A build or a start that goes on has writable snapshots that are not told of yet.
  const used = isQuiet ? await parts.usedSnapshots?.() : undefined;
  let mounts = 0;
  for (const info of infos) {
    if (info.kind === "committed" && !(await isNamedRight(catalog, info))) {
      findings.push({ code: "snapshot.damaged", object: info.key, message: "its name is not the chain id of what it is made of", hint: COLLECT });
    }
    if (info.kind === "committed") continue;
    const targets = mountsOfUpper(catalog.directory(info.key).files);
    mounts += targets.length;
    if (used === undefined || used.has(info.key)) continue;
    const where = targets.length > 0 ? `, and it is mounted at ${targets.join(", ")}` : "";
    findings.push({ code: "store.leftover", object: info.key, message: `no container or build step needs this writable snapshot${where}`, hint: COLLECT });
  }
  for (const path of await deadFiles(layout.staging, { suffix: ".lock" })) {
    findings.push({
      code: "store.leftover",
      object: path.slice(0, -".lock".length),
      message: "a process died while it made or removed this snapshot",
      hint: COLLECT,
    });
  }
  for (const name of await readdir(layout.snapshots)) {
    if (name.startsWith(".") || keyOfName(name) !== undefined) continue;
    findings.push({
      code: "store.unknown-file",
      object: join(layout.snapshots, name),
      message: "nothing of the engine's has this name",
      hint: "look at it and remove it",
    });
  }
  return { snapshots: infos.length, mounts };
}

async function isNamedRight(catalog: SnapshotCatalog, info: SnapshotInfo): Promise<boolean> {
  const record = await catalog.get(info.key);
  if (record.kind !== "committed" || !isChainId(info.key)) return false;
  const chain: string = record.parent === undefined ? record.diffId : digestOf(`${record.parent} ${record.diffId}`);
  return (info.key as ChainId) === chain;
}
