/** Tags of acl(5) as the kernel keeps them in `system.posix_acl_*`, in the order that it wants. linux/posix_acl.h */
const TAG = { userObject: 1, user: 2, groupObject: 4, group: 8, mask: 16, other: 32 } as const;
const NO_ID = 0xffffffff;

/** Gives the number of a name, or undefined when nobody has it. */
export type ResolveName = (kind: "user" | "group", name: string) => number | undefined;

/**
 * The kernel's form of an ACL from the text form of acl_to_text(3), that tar archives carry as `SCHILY.acl.*`. A fourth field with the number
 * comes before the name, as star writes it. Undefined when it is no ACL or a name is not known.
 */
export function aclFromText(text: string, resolve: ResolveName): Buffer | undefined {
  const entries: { readonly tag: number; readonly permissions: number; readonly id: number }[] = [];
  for (const line of text.split(/[\n,]/)) {
    const [clause] = line.split("#");
    if (clause === undefined || clause.trim() === "") continue;
    const entry = parseClause(clause.trim(), resolve);
    if (entry === undefined) return undefined;
    entries.push(entry);
  }
  if (entries.length === 0) return undefined;
  entries.sort((a, b) => a.tag - b.tag || a.id - b.id);
  const bytes = Buffer.alloc(4 + 8 * entries.length);
  bytes.writeUInt32LE(2, 0);
  entries.forEach(({ tag, permissions, id }, index) => {
    bytes.writeUInt16LE(tag, 4 + 8 * index);
    bytes.writeUInt16LE(permissions, 6 + 8 * index);
    bytes.writeUInt32LE(id, 8 + 8 * index);
  });
  return bytes;
}

function parseClause(clause: string, resolve: ResolveName) {
  const match = /^(user|u|group|g|mask|m|other|o):([^:]*):([r-])([w-])([xX-])(?::([0-9]{1,10}))?$/.exec(clause);
  if (!match) return undefined;
  const [, word = "", name = "", read, write, execute, number] = match;
  const permissions = (read === "r" ? 4 : 0) | (write === "w" ? 2 : 0) | (execute === "-" ? 0 : 1);
  if (name === "") {
    const tag = { u: TAG.userObject, g: TAG.groupObject, m: TAG.mask, o: TAG.other }[word.charAt(0)];
    return tag === undefined ? undefined : { tag, permissions, id: NO_ID };
  }
  const kind = word.startsWith("u") ? "user" : word.startsWith("g") ? "group" : undefined;
  if (kind === undefined) return undefined;
  const id = number === undefined ? (/^[0-9]{1,10}$/.test(name) ? Number(name) : resolve(kind, name)) : Number(number);
  return id === undefined || id >= NO_ID ? undefined : { tag: TAG[kind], permissions, id };
}
