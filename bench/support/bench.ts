/** One way of doing the same work, measured. */
export interface Row {
  readonly what: string;
  /** Milliseconds, one per run, in the order of the runs. */
  readonly samples: readonly number[];
}

export interface Ratio {
  readonly what: string;
  readonly value: number;
  /** What the project promises; undefined where nothing is. */
  readonly limit?: number;
}

export interface BenchResult {
  readonly rows: readonly Row[];
  readonly ratios: readonly Ratio[];
  /** Things that must be so for the figures to mean anything: equal digests, say. */
  readonly checks: readonly { readonly what: string; readonly holds: boolean; readonly detail: string }[];
}

/** A file `bench/<name>.bench.ts` exports one as `bench`. */
export interface Bench {
  readonly description: string;
  run(say: (line: string) => void): Promise<BenchResult>;
}

/** Middle of the samples; the mean of the two middle ones when their number is even. */
export function median(samples: readonly number[]): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  if (low === undefined || high === undefined) throw new Error("no samples");
  return (low + high) / 2;
}

export const medianOf = (row: Row): number => median(row.samples);

/** Work that is timed from start to end, or says itself how many milliseconds of it count. */
export type Way = () => Promise<number | void>;

/** Runs each way once per round, every other round backwards, so that whatever else the machine does hits all of them. */
export async function interleave(ways: ReadonlyMap<string, Way>, rounds: number): Promise<Row[]> {
  const samples = new Map([...ways.keys()].map((what) => [what, [] as number[]]));
  for (let round = 0; round < rounds; round++) {
    for (const [what, work] of round % 2 === 0 ? ways : [...ways].reverse()) samples.get(what)?.push(await time(work));
  }
  return [...samples].map(([what, list]) => ({ what, samples: list }));
}

async function time(work: Way): Promise<number> {
  const start = performance.now();
  return (await work()) ?? performance.now() - start;
}
