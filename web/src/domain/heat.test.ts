import { describe, expect, it } from 'vitest';
import type { Series } from './charts';
import { boundWords, heatOf, quantileOf, ratioOf, strength, totalOf } from './heat';

const bucket = (le: string, ...points: [number, number][]): Series => ({ name: 'd_bucket', labels: { le }, points });
const heat = heatOf([bucket('0.1', [1, 8], [2, 0]), bucket('+Inf', [1, 10], [2, 4]), bucket('1', [1, 9]), bucket('1', [2, 4])]);

describe('heat', () => {
  it('takes cumulative buckets apart, in order of their bounds', () => {
    expect(heat.bounds).toEqual([0.1, 1, Infinity]);
    expect(heat.cells).toEqual([[8, 1, 1], [0, 4, 0]]);
    expect(heat.most).toBe(8);
  });

  it('adds several sources up before it reads a percentile', () => {
    expect(quantileOf(heat, 0.5, 'p50').points).toEqual([{ at: 1, value: 62.5 }, { at: 2, value: 550 }]);
    expect(quantileOf(heat, 0.99, 'p99').points[0]).toEqual({ at: 1, value: 1000 });
    expect(totalOf(heat, 'rate').points).toEqual([{ at: 1, value: 10 }, { at: 2, value: 4 }]);
  });

  it('divides where there is something', () => {
    const whole = { name: '', points: [{ at: 1, value: 10 }, { at: 2, value: 0 }] };
    expect(ratioOf({ name: '', points: [{ at: 1, value: 2 }] }, whole, 'errors').points).toEqual([{ at: 1, value: 0.2 }]);
    expect(ratioOf(undefined, whole, 'errors').points).toEqual([{ at: 1, value: 0 }]);
  });

  it('draws few beside many', () => {
    expect([strength(0, 10), strength(10, 10)]).toEqual([0, 1]);
    expect(strength(0.1, 10)).toBeGreaterThan(0.2);
    expect([0.0005, 0.25, 2.5, Infinity].map(boundWords)).toEqual(['0.5 ms', '250 ms', '2.5 s', '∞']);
  });

  it('is empty without buckets', () => expect(heatOf([])).toEqual({ times: [], bounds: [], cells: [], most: 0 }));
});
