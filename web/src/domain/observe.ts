import type { TopBy, TopOf, TopRow, TraceSearch, TraceSummary } from '../api/observeShapes';

export const topOfs: readonly TopOf[] = ['operations', 'services', 'statements', 'callers'];
export const topBys: readonly TopBy[] = ['calls', 'slow', 'heat'];
export const windows: readonly string[] = ['1m', '5m', '15m', '1h'];

const searchKeys = ['service', 'operation', 'minDuration', 'error', 'attribute', 'limit', 'to'] as const;

/** What is asked, as a query; what is empty is left out. */
export function queryOf(search: TraceSearch): string {
  const query = new URLSearchParams();
  for (const key of searchKeys) if (search[key]) query.set(key, search[key]);
  return query.toString();
}

/** What a query asks; members that nothing knows are left out. */
export function searchOf(query: URLSearchParams): TraceSearch {
  return Object.fromEntries(searchKeys.flatMap((key) => (query.get(key) ? [[key, query.get(key)!]] : []))) as TraceSearch;
}

/** A trace id as people paste it, or nothing. */
export const traceIdOf = (typed: string): string | undefined => /^[0-9a-f]{16,32}$/i.exec(typed.trim())?.[0].toLowerCase();

/** What orders a top list, of one row. */
export const weightOf = (row: TopRow, by: TopBy): number => (by === 'calls' ? row.calls : by === 'slow' ? row.p99Ms : row.heatSeconds);

export interface Dot {
  trace: TraceSummary;
  /** 0 (the oldest) to 1. */
  x: number;
  /** 0 (the fastest) to 1, by the logarithm of the duration. */
  y: number;
}

/** Traces by time and duration. */
export function scatter(traces: readonly TraceSummary[]): Dot[] {
  const times = traces.map((one) => Date.parse(one.at));
  const logs = traces.map((one) => Math.log10(Math.max(0.01, one.durationMs)));
  const [t0, t1] = [Math.min(...times), Math.max(...times)];
  const [l0, l1] = [Math.min(...logs), Math.max(...logs)];
  return traces.map((trace, index) => ({ trace, x: t1 > t0 ? (times[index]! - t0) / (t1 - t0) : 0.5, y: l1 > l0 ? (logs[index]! - l0) / (l1 - l0) : 0.5 }));
}
