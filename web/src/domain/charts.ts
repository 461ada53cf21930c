/** One series of `GET /api/v1/metrics/query`. */
export interface Series {
  name: string;
  labels: Readonly<Record<string, string>>;
  /** Milliseconds since the epoch and value; what is no finite number is null. */
  points: readonly (readonly (number | null)[])[];
}

/** A line of a chart; gaps where a time has no value. */
export interface Line {
  name: string;
  points: readonly { at: number; value: number }[];
}

/** Series with the same value of a label as one line, added up at each time; the busiest first. */
export function linesBy(series: readonly Series[], label: string): Line[] {
  const sums = new Map<string, Map<number, number>>();
  for (const one of series) {
    const name = one.labels[label] ?? '';
    const sum = sums.get(name) ?? new Map<number, number>();
    for (const [at, value] of one.points) if (value !== null && value !== undefined) sum.set(at!, (sum.get(at!) ?? 0) + value);
    sums.set(name, sum);
  }
  return [...sums].map(([name, sum]) => ({ name, points: [...sum].map(([at, value]) => ({ at, value })).sort((a, b) => a.at - b.at) })).sort((a, b) => mostOf(b) - mostOf(a));
}

/** The share of CPU time that is not idle, by host. */
export function busyShare(series: readonly Series[]): Line[] {
  const all = linesBy(series, 'host.name');
  const idle = new Map(linesBy(series.filter((one) => one.labels['cpu.mode'] === 'idle' || one.labels['cpu.mode'] === 'iowait'), 'host.name').map((line) => [line.name, new Map(line.points.map(({ at, value }) => [at, value]))]));
  return all.map(({ name, points }) => ({ name, points: points.flatMap(({ at, value }) => (value > 0 ? [{ at, value: Math.max(0, 1 - (idle.get(name)?.get(at) ?? 0) / value) }] : [])) }));
}

export const mostOf = (line: Line): number => line.points.reduce((most, { value }) => Math.max(most, value), 0);

/** A round number that is not below: 1, 2 or 5 times a power of ten. */
export function roundAbove(value: number): number {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 5].find((factor) => factor * power >= value * 0.999999) ?? 10) * power;
}

/** The path of a line in a box; points that are further apart than `gapMs` are not joined. */
export function linePath(line: Line, { from, to, most, width, height, gapMs }: { from: number; to: number; most: number; width: number; height: number; gapMs: number }): string {
  let last = -Infinity;
  return line.points
    .map(({ at, value }) => {
      const x = ((at - from) / Math.max(1, to - from)) * width;
      const y = (1 - Math.min(1, value / most)) * height;
      const word = at - last > gapMs ? 'M' : 'L';
      last = at;
      return `${word}${x.toFixed(1)} ${y.toFixed(1)}`;
    })
    .join('');
}

/** The value of a line nearest to a time, at most `withinMs` away. */
export function nearest(line: Line, at: number, withinMs: number): number | undefined {
  let best: { at: number; value: number } | undefined;
  for (const point of line.points) if (!best || Math.abs(point.at - at) < Math.abs(best.at - at)) best = point;
  return best && Math.abs(best.at - at) <= withinMs ? best.value : undefined;
}

/** A span that ends now, on round times, so that queries of the same span have the same times. */
export function roundSpan(nowMs: number, spanMs: number, stepMs: number): { from: number; to: number; stepMs: number } {
  const to = Math.floor(nowMs / stepMs) * stepMs;
  return { from: to - Math.ceil(spanMs / stepMs) * stepMs, to, stepMs };
}
