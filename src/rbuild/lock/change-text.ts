/** What a lock was made for and what is wanted now, where they first differ. */
interface Change {
  /** Dotted path; of a list of names, with the name: `packages.bash`. */
  readonly field: string;
  readonly was: string;
  readonly is: string;
}

/** What a field is where it is not there. */
export const NOTHING = "nothing";

/** `variant was minbase and is apt`; `packages has bash now`. */
export function changeText({ field, was, is }: Change): string {
  const listed = (name: string) => (field.endsWith(`.${name}`) ? field.slice(0, -name.length - 1) : undefined);
  const [added, removed] = [was === NOTHING ? listed(is) : undefined, is === NOTHING ? listed(was) : undefined];
  if (added !== undefined) return `${added} has ${is} now`;
  if (removed !== undefined) return `${removed} no longer has ${was}`;
  return `${field} was ${was} and is ${is}`;
}
