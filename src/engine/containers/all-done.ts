/** As Promise.all, but throws only when all have come to their end, so that what they did can be undone. */
export async function allDone<T extends readonly unknown[]>(promises: { readonly [K in keyof T]: Promise<T[K]> }): Promise<T> {
  await Promise.allSettled(promises);
  return (await Promise.all(promises)) as T;
}
