const FROM = /^\s*FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?/i;
const COPY_FROM = /^\s*(?:COPY|ADD)\s(?:.*\s)?--from=(\S+)/i;
const OWN = /^(?:scratch|\$RBUILD_BASE|\$\{RBUILD_BASE\})$/;

/** An image that a Dockerfile takes something from, and the line that names it, counted from 1. */
export interface NamedImage {
  readonly line: number;
  readonly image: string;
}

/** The first image of a Dockerfile that is neither the one it is built on nor a stage of its own: an engine might fetch it. */
export function foreignImage(dockerfile: string): NamedImage | undefined {
  const stages = new Set<string>();
  for (const { line, text } of instructions(dockerfile)) {
    const [, image, stage] = FROM.exec(text) ?? [];
    const source = image ?? COPY_FROM.exec(text)?.[1];
    if (source !== undefined && !OWN.test(source) && !stages.has(source.toLowerCase())) return { line, image: source };
    if (image === undefined) continue;
    stages.add(String([...stages].filter((name) => /^\d+$/.test(name)).length));
    if (stage !== undefined) stages.add(stage.toLowerCase());
  }
  return undefined;
}

/** Lines that a backslash joins count as one; comments are left out. */
function instructions(dockerfile: string): { readonly line: number; readonly text: string }[] {
  const found: { line: number; text: string }[] = [];
  let isOpen = false;
  for (const [index, raw] of dockerfile.split(/\r?\n/).entries()) {
    if (/^\s*#/.test(raw)) continue;
    const last = found.at(-1);
    const text = raw.replace(/\\\s*$/, "");
    if (isOpen && last) last.text += text;
    else found.push({ line: index + 1, text });
    isOpen = text !== raw;
  }
  return found;
}
