/** A number and what it is of, for people: `1 package`, `2 packages`, `0 entries`. */
export const counted = (number: number, one: string, several = `${one}s`): string => `${number} ${number === 1 ? one : several}`;
