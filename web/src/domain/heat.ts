import type { Exemplar } from '../api/observeShapes';
import { linesBy, type Line, type Series } from './charts';

/** How many requests per second took how long, over time. */
export interface Heat {
  times: readonly number[];
  /** Upper bounds in seconds, ascending; the last is infinite. */
  bounds: readonly number[];
  /** By time, then by range. */
  cells: readonly (readonly number[])[];
  most: number;
}

/** Reads rates of cumulative buckets (`le`); several series are added up by their bound. */
export function heatOf(buckets: readonly Series[]): Heat {
  const lines = linesBy(buckets, 'le');
  const bounded = lines.map((line) => ({ bound: line.name === '+Inf' ? Infinity : Number(line.name), at: new Map(line.points.map((point) => [point.at, point.value])) })).filter(({ bound }) => !Number.isNaN(bound));
  bounded.sort((a, b) => a.bound - b.bound);
  const times = [...new Set(bounded.flatMap((line) => [...line.at.keys()]))].sort((a, b) => a - b);
  // A bound that has no value at a time has that of the one below: nothing came between.
  const cells = times.map((time) => {
    let below = 0;
    return bounded.map((line) => {
      const upTo = Math.max(below, line.at.get(time) ?? below);
      const own = upTo - below;
      below = upTo;
      return own;
    });
  });
  return { times, bounds: bounded.map((line) => line.bound), cells, most: Math.max(0, ...cells.flat()) };
}

/** The quantile over time, within its range evenly spread; nothing where nothing came. In milliseconds. */
export function quantileOf({ times, bounds, cells }: Heat, share: number, name: string): Line {
  return {
    name,
    points: times.flatMap((at, index) => {
      const row = cells[index]!;
      const total = row.reduce((sum, one) => sum + one, 0);
      if (total <= 0) return [];
      let left = total * share;
      for (let i = 0; i < row.length; i++) {
        if (left > row[i]! && i < row.length - 1) {
          left -= row[i]!;
          continue;
        }
        const low = i > 0 ? bounds[i - 1]! : 0;
        const high = bounds[i] === Infinity ? low : bounds[i]!;
        return [{ at, value: (low + (high - low) * (row[i]! > 0 ? Math.min(1, left / row[i]!) : 1)) * 1000 }];
      }
      return [];
    }),
  };
}

/** Requests per second over time. */
export const totalOf = ({ times, cells }: Heat, name: string): Line => ({ name, points: times.map((at, index) => ({ at, value: cells[index]!.reduce((sum, one) => sum + one, 0) })) });

/** One line divided by another, where the other is not zero. */
export function ratioOf(part: Line | undefined, whole: Line, name: string): Line {
  const parts = new Map(part?.points.map((point) => [point.at, point.value]));
  return { name, points: whole.points.flatMap(({ at, value }) => (value > 0 ? [{ at, value: Math.min(1, (parts.get(at) ?? 0) / value) }] : [])) };
}

/** A request with a trace, where it stands on the map. */
export interface Mark {
  trace: string;
  at: number;
  seconds: number;
}

/** The slowest of the requests that have a trace, each trace once. */
export function slowestOf(exemplars: readonly Exemplar[], most: number): Mark[] {
  const marks = new Map(exemplars.map((one) => [one.labels.trace_id, { trace: one.labels.trace_id, at: one.timestamp * 1000, seconds: Number(one.value) }]));
  return [...marks.values()].filter((mark) => Number.isFinite(mark.seconds)).sort((a, b) => b.seconds - a.seconds).slice(0, most);
}

/** The range that a duration falls into. */
export const rangeOf = (bounds: readonly number[], seconds: number): number => {
  const at = bounds.findIndex((bound) => seconds <= bound);
  return at < 0 ? bounds.length - 1 : at;
};

/** How strong a cell is drawn, 0 to 1: by the logarithm, so that few slow ones are seen beside many fast ones. */
export const strength = (value: number, most: number): number => (value <= 0 || most <= 0 ? 0 : 0.12 + 0.88 * (Math.log1p((value / most) * 99) / Math.log(100)));

/** A bound in words. */
export const boundWords = (seconds: number): string => (seconds === Infinity ? '∞' : seconds < 1 ? `${Number((seconds * 1000).toPrecision(3))} ms` : `${seconds} s`);
