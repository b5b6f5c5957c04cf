import { type ByteString, PAX_ACL_ACCESS, PAX_ACL_DEFAULT, PAX_XATTR } from "../../system/index.ts";
import type { OverlayFlavor } from "./overlay-flavor.ts";

/** Attributes that a host's security modules give to every file: they belong to the host, never to a layer. */
const HOST_ONLY: ReadonlySet<string> = new Set(["security.selinux", "security.ima", "security.evm", "security.apparmor"]);

/** The PAX records that belong into a layer or out of it: extended attributes and ACLs, without what is overlayfs's own or the host's. */
export function layerRecords(pax: ReadonlyMap<ByteString, ByteString>, flavor: OverlayFlavor): Map<ByteString, ByteString> {
  const kept = new Map<ByteString, ByteString>();
  for (const [key, value] of pax) {
    if (key === PAX_ACL_ACCESS || key === PAX_ACL_DEFAULT) kept.set(key, value);
    if (!key.startsWith(PAX_XATTR)) continue;
    const name = key.slice(PAX_XATTR.length);
    if (name.startsWith("system.") && !name.startsWith("system.posix_acl_")) continue;
    if (!name.startsWith(flavor.xattrPrefix) && !HOST_ONLY.has(name)) kept.set(key, value);
  }
  return kept;
}
