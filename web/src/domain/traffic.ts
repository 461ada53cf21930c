import type { MapEdge } from '../api/shapes';
import type { Tone } from './tone';

/** From this share of failed requests on an edge is marked, and from `badErrors` on it is marked as failing. */
const warnErrors = 0.01;
export const badErrors = 0.05;

/** How an edge is drawn. Few distinct values, so that most updates redraw nothing. */
export interface EdgeLook {
  tone: Tone;
  /** 0 (nothing flows) to 4 (a thousand requests per second and more). */
  weight: number;
}

export function lookOf(edge: MapEdge | undefined): EdgeLook {
  if (!edge || edge.requestsPerSecond <= 0) return { tone: 'idle', weight: 0 };
  const tone: Tone = edge.errorRatio >= badErrors ? 'bad' : edge.errorRatio >= warnErrors ? 'warn' : 'ok';
  return { tone, weight: Math.min(4, 1 + Math.floor(Math.log10(Math.max(1, edge.requestsPerSecond)))) };
}

export interface Flow {
  requestsPerSecond: number;
  errorRatio: number;
  p50Ms: number;
  p99Ms: number;
}

/**
 * Several edges seen as one: rates add up, error ratios and medians are weighted by rate, and the 99th percentile is the
 * worst of them, because percentiles cannot be added.
 */
export function sumOf(edges: readonly MapEdge[]): Flow {
  const total = edges.reduce((sum, edge) => sum + edge.requestsPerSecond, 0);
  const weighted = (of: (edge: MapEdge) => number) =>
    total > 0 ? edges.reduce((sum, edge) => sum + of(edge) * edge.requestsPerSecond, 0) / total : 0;
  return {
    requestsPerSecond: total,
    errorRatio: weighted((edge) => edge.errorRatio),
    p50Ms: weighted((edge) => edge.p50Ms),
    p99Ms: edges.reduce((most, edge) => Math.max(most, edge.requestsPerSecond > 0 ? edge.p99Ms : 0), 0),
  };
}
