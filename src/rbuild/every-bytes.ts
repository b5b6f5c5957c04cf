/** Tells how far something is when so many bytes more have come: not of every chunk. */
export function everyBytes<Rest extends readonly unknown[]>(interval: number, tell: (done: number, ...rest: Rest) => void): typeof tell {
  let told = 0;
  return (done, ...rest) => {
    if (done - told < interval) return;
    told = done;
    tell(done, ...rest);
  };
}
