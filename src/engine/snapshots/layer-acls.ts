import { readFileSync } from "node:fs";
import { type ByteString, bytesOf, isSystemError, PAX_ACL_ACCESS, PAX_ACL_DEFAULT, PAX_XATTR, textOf, writeXattr } from "../../system/index.ts";
import { aclFromText, type ResolveName } from "./acl-text.ts";
import { joinBytes, type LowerView } from "./lower-view.ts";
import { malformedLayer } from "./snapshot-errors.ts";

const KINDS = [
  { xattr: "system.posix_acl_access", record: `${PAX_XATTR}system.posix_acl_access` as ByteString, text: PAX_ACL_ACCESS },
  { xattr: "system.posix_acl_default", record: `${PAX_XATTR}system.posix_acl_default` as ByteString, text: PAX_ACL_DEFAULT },
] as const;

/** Of one file; binary ones in the kernel's own form, others as text. */
interface Acl {
  readonly xattr: string;
  readonly value: ByteString;
  readonly isText: boolean;
}

/**
 * ACLs are set when all files are there: names in them mean the users of the image, and the numbers of those are in its own files. GNU
 * tar would ask the host's.
 */
export class LayerAcls {
  readonly #acls = new Map<ByteString, readonly Acl[]>();

  /** Takes the ACLs of a file out of its records. The last entry of a path counts. */
  take(path: ByteString, pax: Map<ByteString, ByteString>): Map<ByteString, ByteString> {
    const found = KINDS.flatMap(({ xattr, record, text }): Acl[] => {
      const [binary, words] = [pax.get(record), pax.get(text)];
      pax.delete(record);
      pax.delete(text);
      if (binary !== undefined) return [{ xattr, value: binary, isText: false }];
      return words === undefined ? [] : [{ xattr, value: words, isText: true }];
    });
    if (found.length > 0) this.#acls.set(path, found);
    else this.#acls.delete(path);
    return pax;
  }

  /** @param view the files as the layer's users see them. @throws RbuildError `layer.malformed` */
  apply(files: Uint8Array, view: LowerView): void {
    const resolve = nameResolver(view);
    for (const [path, acls] of this.#acls) {
      for (const { xattr, value, isText } of acls) {
        const bytes = isText ? aclFromText(textOf(value), resolve) : bytesOf(value);
        if (bytes === undefined) throw malformedLayer(path, "its ACL is not understood, or names a user or group that the image does not have");
        setAcl(files, path, xattr, bytes);
      }
    }
  }
}

function setAcl(files: Uint8Array, path: ByteString, xattr: string, bytes: Uint8Array): void {
  try {
    writeXattr(joinBytes(files, path), xattr, bytes);
  } catch (error) {
    // Of a link, or no ACL to the kernel.
    throw isSystemError(error, "ENOTSUP", "EINVAL", "EACCES") ? malformedLayer(path, "its ACL is none that it can have") : error;
  }
}

const MAX_PASSWD_BYTES = 16 * 1024 * 1024;

function nameResolver(view: LowerView): ResolveName {
  const tables = new Map<string, Map<string, number>>();
  return (kind, name) => {
    let table = tables.get(kind);
    if (table === undefined) {
      table = readTable(view, (kind === "user" ? "etc/passwd" : "etc/group") as ByteString);
      tables.set(kind, table);
    }
    return table.get(name);
  };
}

function readTable(view: LowerView, path: ByteString): Map<string, number> {
  const file = view.lookup(path);
  if (!file?.stat.isFile() || file.stat.size > MAX_PASSWD_BYTES) return new Map();
  const lines = readFileSync(file.path, "utf8").split("\n");
  return new Map(lines.map((line) => line.split(":")).flatMap(([name = "", , id = ""]) => (/^[0-9]+$/.test(id) ? [[name, Number(id)] as const] : [])));
}
