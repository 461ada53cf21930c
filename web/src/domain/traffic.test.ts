import { describe, expect, it } from 'vitest';
import type { MapEdge } from '../api/shapes';
import { lookOf, sumOf } from './traffic';

describe('traffic', () => {
  const edge = (requestsPerSecond: number, errorRatio: number, p99Ms = 10): MapEdge => ({ from: 'a', to: 'b', requestsPerSecond, errorRatio, p50Ms: 5, p99Ms, declared: true });

  it.each([
    [edge(0, 0), 'idle', 0],
    [edge(0.3, 0), 'ok', 1],
    [edge(38, 0.009), 'ok', 2],
    [edge(250, 0.01), 'warn', 3],
    [edge(90_000, 0.05), 'bad', 4],
  ])('looks of %j', (of, tone, weight) => expect(lookOf(of)).toEqual({ tone, weight }));

  it('weighs errors by rate and takes the worst percentile of what flows', () => {
    expect(sumOf([edge(30, 0.1, 20), edge(10, 0.5, 40), edge(0, 0, 900)])).toEqual({ requestsPerSecond: 40, errorRatio: 0.2, p50Ms: 5, p99Ms: 40 });
    expect(sumOf([]).errorRatio).toBe(0);
  });
});
